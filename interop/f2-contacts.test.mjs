// F2: contacts with services. The patient writes, its doctor reads, strangers get nothing.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DecryptedContact, EncryptedContact, randomUuid } from '@icure/cardinal-sdk'
import { hides, ids, refused, sameSet } from './lib/expect.mjs'
import { newHcp, newPatient } from './lib/people.mjs'
import { rawSession } from './lib/raw.mjs'
import { addContact, draftContact, sample, secretText, textOf } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'
import { lastCall, record } from './lib/traffic.mjs'

let doctor, stranger, patient
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  stranger = await newHcp(server, { firstName: 'Petyr', lastName: 'Baelish' })
  patient = await newPatient(server, { sharingWith: [doctor.id] })
})

const contactWith = (text, options) => addContact(patient, patient.id, { services: [sample(text)] }, options)

describe('a contact', () => {
  it('is encrypted on the client: the server has no plaintext', async () => {
    const [text, description] = [secretText(), secretText()]
    const contact = await addContact(patient, patient.id, { descr: description, services: [sample(text)] })
    assert.match(contact.rev, /./)

    const raw = await rawSession(server, () => patient.sdk.contact.getContact(contact.id))
    const { text: stored, json } = await raw.get(`contact/${contact.id}`)
    hides(stored, text, description)
    assert.equal(json.descr, undefined)
    assert.equal(json.services[0].content, undefined)
    assert.ok(json.services[0].encryptedSelf)
    assert.deepEqual(json.services[0].tags[0].code, 'TEST', 'tags stay clear, they are searched by the server')
    assert.ok(!stored.includes(patient.id), 'the patient is anonymous in its contacts')
  })

  it('comes back as it was written', async () => {
    const text = secretText()
    const contact = await addContact(patient, patient.id, {
      descr: 'about the dragons',
      openingDate: 20220929083400,
      services: [sample(text)],
    })
    const found = await patient.sdk.contact.getContact(contact.id)
    assert.equal(found.rev, contact.rev)
    assert.equal(found.descr, 'about the dragons')
    assert.equal(found.openingDate, 20220929083400)
    assert.equal(found.services.length, 1)
    assert.equal(textOf(found.services[0]), text)
    assert.equal(found.services[0].valueDate, 20230328100113)
    assert.ok(Number.isInteger(found.created) && Number.isInteger(found.modified))
  })

  it('gets a new revision with every change, and a stale one is refused', async () => {
    const contact = await contactWith('first')
    const changed = new DecryptedContact({ ...contact, descr: 'second' })
    const saved = await patient.sdk.contact.modifyContact(changed)
    assert.notEqual(saved.rev, contact.rev)
    assert.equal((await patient.sdk.contact.getContact(contact.id)).descr, 'second')

    const stale = new DecryptedContact({ ...contact, descr: 'third' })
    await refused(409, () => patient.sdk.contact.modifyContact(stale))
    assert.equal((await patient.sdk.contact.getContact(contact.id)).descr, 'second')
  })

  it('is not created twice', async () => {
    const draft = await draftContact(patient, patient.id, {})
    await patient.sdk.contact.createContact(draft)
    await refused(409, () => patient.sdk.contact.createContact(draft))
  })

  it('answers 404 when there is none', async () => {
    await refused(404, () => patient.sdk.contact.getContact(randomUuid()))
  })

  it('is read by the HCP it was shared with, and by nobody else', async () => {
    const text = secretText()
    const contact = await contactWith(text, { autoShare: true })
    const found = await doctor.sdk.contact.getContact(contact.id)
    assert.equal(textOf(found.services[0]), text)
    assert.deepEqual(await doctor.sdk.contact.decryptPatientIdOf(found), [patient.id])

    await refused([403, 404], () => stranger.sdk.contact.getContact(contact.id))
    await refused([403, 404], () => stranger.sdk.contact.getService(contact.services[0].id))
    assert.deepEqual(await stranger.sdk.contact.getContacts([contact.id]), [])
  })

  it('stays with the patient when it is not shared', async () => {
    const contact = await contactWith(secretText())
    await refused([403, 404], () => doctor.sdk.contact.encrypted.getContact(contact.id))
    assert.deepEqual(await doctor.sdk.contact.encrypted.getContacts([contact.id]), [])
    await refused([403, 404], () => doctor.sdk.contact.deleteContactById(contact.id, contact.rev))
    assert.equal((await patient.sdk.contact.getContact(contact.id)).rev, contact.rev)
  })

  it('is changed by the HCP who has WRITE', async () => {
    const contact = await contactWith('for both', { autoShare: true })
    const found = await doctor.sdk.contact.getContact(contact.id)
    const saved = await doctor.sdk.contact.modifyContact(new DecryptedContact({ ...found, descr: 'seen by Jorah' }))
    const again = await patient.sdk.contact.getContact(contact.id)
    assert.deepEqual([again.rev, again.descr], [saved.rev, 'seen by Jorah'])
  })

  it('cannot have its delegations changed by an ordinary modification', async () => {
    const contact = await contactWith('guarded', { autoShare: true })
    const stored = await patient.sdk.contact.encrypted.getContact(contact.id)
    const delegations = Object.entries(stored.securityMetadata.secureDelegations)
    const fewer = Object.fromEntries(delegations.filter(([, { parentDelegations }]) => parentDelegations.length === 0))
    assert.ok(Object.keys(fewer).length < delegations.length)
    const cut = new EncryptedContact({ ...stored })
    cut.securityMetadata = { ...stored.securityMetadata, secureDelegations: fewer }
    await refused(400, () => patient.sdk.contact.encrypted.modifyContact(cut))
    const now = await patient.sdk.contact.encrypted.getContact(contact.id)
    assert.equal(Object.keys(now.securityMetadata.secureDelegations).length, delegations.length)
  })
})

describe('deleting contacts', () => {
  it('hides, restores and purges one', async () => {
    const contact = await contactWith('to be deleted')
    const gone = await patient.sdk.contact.deleteContactById(contact.id, contact.rev)
    assert.equal(gone.id, contact.id)
    assert.notEqual(gone.rev, contact.rev)
    assert.deepEqual(await patient.sdk.contact.getContacts([contact.id]), [])

    const back = await patient.sdk.contact.undeleteContactById(contact.id, gone.rev)
    assert.equal(back.deletionDate, undefined)
    assert.equal(textOf(back.services[0]), 'to be deleted')
    assert.deepEqual(ids(await patient.sdk.contact.getContacts([contact.id])), [contact.id])

    await refused(409, () => patient.sdk.contact.purgeContactById(contact.id, contact.rev))
    await patient.sdk.contact.purgeContactById(contact.id, back.rev)
    await refused(404, () => patient.sdk.contact.getContact(contact.id))
  })

  it('refuses a stale revision', async () => {
    const contact = await contactWith('one')
    const saved = await patient.sdk.contact.modifyContact(new DecryptedContact({ ...contact, descr: 'two' }))
    await refused(409, () => patient.sdk.contact.deleteContactById(contact.id, contact.rev))
    assert.equal((await patient.sdk.contact.getContact(contact.id)).rev, saved.rev)
  })

  it('deletes many at once and leaves out what it cannot delete', async () => {
    const [a, b] = [await contactWith('a'), await contactWith('b')]
    const stale = await patient.sdk.contact.modifyContact(new DecryptedContact({ ...b, descr: 'newer' }))
    const gone = await patient.sdk.contact.deleteContacts([a, b])
    sameSet(ids(gone), [a.id])
    sameSet(ids(await patient.sdk.contact.getContacts([a.id, b.id])), [stale.id])
  })
})

describe('contacts in batches', () => {
  it('creates many in one call and reads them in the order asked', async () => {
    const drafts = []
    for (const text of ['one', 'two', 'three']) {
      drafts.push(await draftContact(patient, patient.id, { services: [sample(text)] }))
    }
    const { result, calls } = await record(() => patient.sdk.contact.createContacts(drafts))
    assert.equal(calls.filter(({ path }) => path.endsWith('/contact/batch')).length, 1)
    sameSet(ids(result), ids(drafts))

    const order = ids(drafts).reverse()
    const found = await patient.sdk.contact.getContacts([...order, randomUuid()])
    assert.deepEqual(ids(found), order)
    assert.deepEqual(found.map(({ services }) => textOf(services[0])), ['three', 'two', 'one'])
  })

  it('modifies many, and silently leaves out conflicts', async () => {
    const [a, b] = [await contactWith('a'), await contactWith('b')]
    await patient.sdk.contact.modifyContact(new DecryptedContact({ ...b, descr: 'meanwhile' }))
    const wanted = [a, b].map(contact => new DecryptedContact({ ...contact, descr: 'batch' }))
    const { result, calls } = await record(() => patient.sdk.contact.modifyContacts(wanted))
    assert.equal(lastCall(calls, 'PUT', 'contact/batch').status, 200)
    sameSet(ids(result), [a.id])
    assert.equal((await patient.sdk.contact.getContact(a.id)).descr, 'batch')
    assert.equal((await patient.sdk.contact.getContact(b.id)).descr, 'meanwhile')
  })
})

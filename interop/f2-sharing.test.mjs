// F2: sharing with a second HCP, how much of it, and who can see what.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AccessLevel,
  ContactShareOptions,
  DecryptedContact,
  RequestedPermission,
  ShareAllPatientDataOptions,
  ShareMetadataBehaviour,
} from '@icure/cardinal-sdk'
import { refused, sameSet } from './lib/expect.mjs'
import { newHcp, newPatient } from './lib/people.mjs'
import { rawSession } from './lib/raw.mjs'
import { addContact, addHealthElement, addPatient, sample, textOf } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'
import { lastCall, record } from './lib/traffic.mjs'

let doctor, second, third, patient
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  second = await newHcp(server, { firstName: 'Tyrion', lastName: 'Lannister' })
  third = await newHcp(server, { firstName: 'Lord', lastName: 'Varys' })
  patient = await newPatient(server, { sharingWith: [doctor.id] })
})

const contactWith = (text, options) => addContact(patient, patient.id, { services: [sample(text)] }, options)
const permission = requestedPermissions => ({ options: new ContactShareOptions({ requestedPermissions }) })
const [READ, WRITE] = [permission(RequestedPermission.MaxRead), permission(RequestedPermission.MaxWrite)]
const annotate = (contact, descr) => new DecryptedContact({ ...contact, descr })

describe('sharing a contact', () => {
  it('lets the second HCP read it from then on', async () => {
    const contact = await contactWith('shared later')
    await refused([403, 404], () => second.sdk.contact.getContact(contact.id))
    const shared = await patient.sdk.contact.shareWith(second.id, contact)
    assert.notEqual(shared.rev, contact.rev)
    const found = await second.sdk.contact.getContact(contact.id)
    assert.equal(textOf(found.services[0]), 'shared later')
    assert.deepEqual(await second.sdk.contact.decryptPatientIdOf(found), [patient.id])
    await refused([403, 404], () => third.sdk.contact.getContact(contact.id))
  })

  it('with WRITE lets the other one modify', async () => {
    const contact = await patient.sdk.contact.shareWith(second.id, await contactWith('w'), WRITE)
    const found = await second.sdk.contact.getContact(contact.id)
    assert.equal(await second.sdk.contact.hasWriteAccess(found), true)
    await second.sdk.contact.modifyContact(annotate(found, 'by Tyrion'))
    assert.equal((await patient.sdk.contact.getContact(contact.id)).descr, 'by Tyrion')
  })

  it('with READ lets the other one read, and nothing more', async () => {
    const contact = await patient.sdk.contact.shareWith(second.id, await contactWith('r'), READ)
    const found = await second.sdk.contact.getContact(contact.id)
    assert.equal(textOf(found.services[0]), 'r')
    assert.equal(await second.sdk.contact.hasWriteAccess(found), false)
    await refused(403, () => second.sdk.contact.modifyContact(annotate(found, 'by Tyrion')))
    await refused(403, () => second.sdk.contact.deleteContactById(found.id, found.rev))
    await refused(403, () => second.sdk.contact.purgeContactById(found.id, found.rev))
    const now = await patient.sdk.contact.getContact(contact.id)
    assert.deepEqual([now.rev, now.descr], [contact.rev, undefined])
  })

  it('READ at creation is READ as well', async () => {
    const contact = await contactWith('r', { sharedWith: [second.id], level: AccessLevel.Read })
    const found = await second.sdk.contact.getContact(contact.id)
    await refused(403, () => second.sdk.contact.modifyContact(annotate(found, 'no')))
  })

  it('by somebody who only has READ gives READ, whatever was asked', async () => {
    const contact = await patient.sdk.contact.shareWith(second.id, await contactWith('chain'), READ)
    const forSecond = await second.sdk.contact.getContact(contact.id)
    await second.sdk.contact.shareWith(third.id, forSecond, WRITE)
    const forThird = await third.sdk.contact.getContact(contact.id)
    assert.equal(textOf(forThird.services[0]), 'chain')
    await refused(403, () => third.sdk.contact.modifyContact(annotate(forThird, 'no')))
  })

  it('by somebody who only has READ cannot insist on WRITE', async () => {
    const contact = await patient.sdk.contact.shareWith(second.id, await contactWith('insist'), READ)
    const forSecond = await second.sdk.contact.getContact(contact.id)
    const insist = permission(RequestedPermission.FullWrite)
    await assert.rejects(second.sdk.contact.shareWith(third.id, forSecond, insist))
    await refused([403, 404], () => third.sdk.contact.getContact(contact.id))
  })

  it('with several at once, each as asked', async () => {
    const contact = await contactWith('many')
    await patient.sdk.contact.shareWithMany(contact, { [second.id]: READ.options, [third.id]: WRITE.options })
    const forSecond = await second.sdk.contact.getContact(contact.id)
    const forThird = await third.sdk.contact.getContact(contact.id)
    await third.sdk.contact.modifyContact(annotate(forThird, 'by Varys'))
    await refused([403, 409], () => second.sdk.contact.modifyContact(annotate(forSecond, 'by Tyrion')))
    assert.equal((await patient.sdk.contact.getContact(contact.id)).descr, 'by Varys')
  })

  it('without the key shows the record but not its content', async () => {
    const contact = await contactWith('sealed')
    const options = new ContactShareOptions({ shareEncryptionKey: ShareMetadataBehaviour.Never })
    await patient.sdk.contact.shareWith(second.id, contact, { options })
    const sealed = await second.sdk.contact.encrypted.getContact(contact.id)
    assert.deepEqual(sealed.services[0].content, {})
    await assert.rejects(second.sdk.contact.getContact(contact.id))
  })

  it('again changes nothing for the reader', async () => {
    const contact = await patient.sdk.contact.shareWith(second.id, await contactWith('twice'))
    await patient.sdk.contact.shareWith(second.id, contact)
    assert.equal(textOf((await second.sdk.contact.getContact(contact.id)).services[0]), 'twice')
  })

  it('retries by itself when somebody else changed the contact meanwhile', async () => {
    const contact = await contactWith('race')
    await patient.sdk.contact.modifyContact(annotate(contact, 'newer'))
    await patient.sdk.contact.shareWith(second.id, contact)
    assert.equal((await second.sdk.contact.getContact(contact.id)).descr, 'newer')
  })
})

describe('sharing the patient itself', () => {
  it('opens the record, and tells whose contacts these are', async () => {
    const other = await newPatient(server, { sharingWith: [doctor.id] })
    await refused([403, 404], () => second.sdk.patient.getPatient(other.id))
    await other.sdk.patient.shareWith(second.id, await other.sdk.patient.getPatient(other.id))
    assert.equal((await second.sdk.patient.getPatient(other.id)).lastName, 'Targaryen')
  })

  it('tells who has access, as far as the asking person can know', async () => {
    const { sdk } = patient
    const own = await sdk.patient.getDataOwnersWithAccessTo(await sdk.patient.getPatient(patient.id))
    assert.deepEqual(own.permissionsByDataOwnerId, { [patient.id]: 'Write', [doctor.id]: 'Write' })
    assert.equal(own.hasUnknownAnonymousDataOwners, false)
    const record = await doctor.sdk.patient.getPatient(patient.id)
    const seen = await doctor.sdk.patient.getDataOwnersWithAccessTo(record)
    assert.equal(seen.permissionsByDataOwnerId[doctor.id], 'Write')
  })
})

describe('sharing all data of a patient', () => {
  it('shares the record and everything the doctor has about it', async () => {
    const made = await addPatient(doctor, { firstName: 'Bran', lastName: 'Stark' })
    const contact = await addContact(doctor, made, { services: [sample('a vision')] })
    const element = await addHealthElement(doctor, made, { descr: 'paraplegia' })
    await refused([403, 404], () => second.sdk.patient.getPatient(made.id))

    const tags = { [second.id]: [ShareAllPatientDataOptions.Tag.All] }
    const { result, calls } = await record(() => doctor.sdk.patient.shareAllDataOfPatient(made.id, tags))
    for (const kind of ['Patient', 'Contact', 'HealthElement']) {
      assert.equal(result.statuses[kind].success, true, kind)
      assert.equal(result.statuses[kind].modified, 1, kind)
    }
    assert.deepEqual(calls.filter(({ status }) => status !== 200).map(({ path }) => path), [])

    assert.equal((await second.sdk.patient.getPatient(made.id)).firstName, 'Bran')
    assert.equal(textOf((await second.sdk.contact.getContact(contact.id)).services[0]), 'a vision')
    assert.equal((await second.sdk.healthElement.getHealthElement(element.id)).descr, 'paraplegia')
    await refused([403, 404], () => third.sdk.patient.getPatient(made.id))
  })
})

describe('an anonymous delegation', () => {
  const explained = async ({ sdk }, contact) => {
    const ids = Object.keys(contact.securityMetadata.secureDelegations)
    const raw = await rawSession(server, () => sdk.contact.getContacts([contact.id]))
    const answer = await raw.post('securedelegationkeymap/bydelegationkeys', { ids })
    assert.equal(answer.status, 200)
    return answer.json.map(({ delegationKey }) => delegationKey)
  }

  it('is explained to the HCP the patient chooses, and to no other', async () => {
    const contact = await contactWith('whose is it', { sharedWith: [doctor.id, second.id] })
    assert.deepEqual(await explained(second, contact), [])

    const { error, calls } = await record(() =>
      patient.sdk.contact.createDelegationDeAnonymizationMetadata(contact, [second.id]),
    )
    assert.equal(error, undefined)
    assert.equal(lastCall(calls, 'POST', '/securedelegationkeymap').status, 200)
    assert.ok((await explained(second, contact)).length > 0)
    assert.deepEqual(await explained(third, contact), [])
  })

  it('can be explained to more HCPs later', async () => {
    const contact = await contactWith('again', { sharedWith: [doctor.id, second.id] })
    const explain = to => patient.sdk.contact.createDelegationDeAnonymizationMetadata(contact, to)
    await explain([second.id])
    const { error, calls } = await record(() => explain([second.id, doctor.id]))
    assert.equal(error, undefined)
    sameSet(new Set(calls.map(({ status }) => status)), [200])
    assert.ok((await explained(doctor, contact)).length > 0)
  })

  it('leaves no unknown reader for the HCP to whom it was explained', async () => {
    const other = await newPatient(server, { sharingWith: [doctor.id, second.id] })
    const { sdk } = second
    const seen = async () => {
      const access = await sdk.patient.getDataOwnersWithAccessTo(await sdk.patient.getPatient(other.id))
      return { ...access }
    }
    const everyone = { [other.id]: 'Write', [doctor.id]: 'Write', [second.id]: 'Write' }
    assert.deepEqual(await seen(), { permissionsByDataOwnerId: everyone, hasUnknownAnonymousDataOwners: true })

    const stored = await other.sdk.patient.getPatient(other.id)
    await other.sdk.patient.createDelegationDeAnonymizationMetadata(stored, [second.id])
    assert.deepEqual(await seen(), { permissionsByDataOwnerId: everyone, hasUnknownAnonymousDataOwners: false })
  })
})

// F2: services live inside contacts; the latest version of a service is what the world sees.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DecryptedContact,
  DecryptedContent,
  DecryptedService,
  DecryptedSubContact,
  Measure,
  ServiceFilters,
  ServiceLink,
  randomUuid,
} from '@icure/cardinal-sdk'
import { ids, refused, sameSet } from './lib/expect.mjs'
import { newHcp, newPatient } from './lib/people.mjs'
import { addContact, addHealthElement, sample, tag, textOf } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'

let doctor, patient
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  patient = await newPatient(server, { sharingWith: [doctor.id] })
})

const both = { autoShare: true }
const add = (services, contact = {}) => addContact(patient, patient.id, { services, ...contact }, both)

/** The next version of a service, `minutes` later, in a contact of its own. */
const newVersion = (service, change, minutes = 1) =>
  new DecryptedService({
    id: service.id,
    label: service.label,
    tags: service.tags,
    content: service.content,
    created: service.created,
    modified: (service.modified ?? Date.now()) + minutes * 60_000,
    ...change,
  })

const content = text => ({ en: new DecryptedContent({ stringValue: text }) })

describe('a service', () => {
  it('is read on its own, with what it takes from its contact', async () => {
    const contact = await add([sample('first'), sample('second')])
    const [first, second] = contact.services
    const found = await patient.sdk.contact.getService(first.id)
    assert.equal(textOf(found), 'first')
    assert.equal(found.contactId, contact.id)
    sameSet(found.secretForeignKeys, contact.secretForeignKeys)
    assert.ok(found.securityMetadata)

    const many = await doctor.sdk.contact.getServices([second.id, first.id])
    assert.deepEqual(many.map(textOf), ['second', 'first'])
    await refused(404, () => patient.sdk.contact.getService(randomUuid()))
  })

  it('keeps every kind of content', async () => {
    const kinds = {
      text: new DecryptedContent({ stringValue: 'ça va ✓' }),
      number: new DecryptedContent({ numberValue: 36.6 }),
      truth: new DecryptedContent({ booleanValue: false }),
      moment: new DecryptedContent({ instantValue: 1679997673343 }),
      day: new DecryptedContent({ fuzzyDateValue: 20230328 }),
      bytes: new DecryptedContent({ binaryValue: new Int8Array([0, 1, -1, 127, -128]) }),
      measure: new DecryptedContent({ measureValue: new Measure({ value: 72.5, unit: 'kg' }) }),
    }
    const contact = await add([sample('', { content: kinds })])
    const { content: found } = await doctor.sdk.contact.getService(contact.services[0].id)
    assert.deepEqual(Object.keys(found).sort(), Object.keys(kinds).sort())
    assert.equal(found.text.stringValue, 'ça va ✓')
    assert.equal(found.number.numberValue, 36.6)
    assert.equal(found.truth.booleanValue, false)
    assert.equal(found.moment.instantValue, 1679997673343)
    assert.equal(found.day.fuzzyDateValue, 20230328)
    assert.deepEqual([...found.bytes.binaryValue], [0, 1, -1, 127, -128])
    assert.deepEqual([found.measure.measureValue.value, found.measure.measureValue.unit], [72.5, 'kg'])
  })

  it('knows the health elements and forms of the sub-contacts that list it', async () => {
    const element = await addHealthElement(patient, patient.id, { descr: 'fever' }, both)
    const service = sample('39.2')
    const form = randomUuid()
    const subContacts = [
      new DecryptedSubContact({
        id: randomUuid(),
        healthElementId: element.id,
        formId: form,
        services: [new ServiceLink({ serviceId: service.id })],
      }),
    ]
    await add([service, sample('other')], { subContacts })
    const found = await doctor.sdk.contact.getService(service.id)
    assert.deepEqual(found.healthElementsIds, [element.id])
    assert.deepEqual(found.formIds, [form])
    assert.deepEqual(found.subContactIds, [subContacts[0].id])
    const filter = ServiceFilters.byHealthElementIdFromSubContactForSelf([element.id])
    assert.deepEqual(await doctor.sdk.contact.matchServicesBy(filter), [service.id])
  })
})

describe('versions of a service', () => {
  it('are ordered by modification: the latest one is given, wherever it is stored', async () => {
    const { services: [service] } = await add([sample('version 1')])
    const later = await add([newVersion(service, { content: content('version 3') }, 2)])
    await add([newVersion(service, { content: content('version 2') }, 1)])

    for (const { sdk } of [patient, doctor]) {
      const found = await sdk.contact.getService(service.id)
      assert.equal(textOf(found), 'version 3')
      assert.equal(found.contactId, later.id)
    }
    const [one, ...more] = await doctor.sdk.contact.getServices([service.id])
    assert.equal(textOf(one), 'version 3')
    assert.equal(more.length, 0)
  })

  it('fall back to the one before when the contact of the latest is deleted', async () => {
    const { services: [service] } = await add([sample('old')])
    const later = await add([newVersion(service, { content: content('new') })])
    assert.equal(textOf(await patient.sdk.contact.getService(service.id)), 'new')
    await patient.sdk.contact.deleteContactById(later.id, later.rev)
    assert.equal(textOf(await patient.sdk.contact.getService(service.id)), 'old')
  })

  it('change with a modification of the contact itself', async () => {
    const contact = await add([sample('before')])
    const service = newVersion(contact.services[0], { content: content('after') })
    await patient.sdk.contact.modifyContact(new DecryptedContact({ ...contact, services: [service] }))
    assert.equal(textOf(await doctor.sdk.contact.getService(service.id)), 'after')
  })

  it('are found by the tags of the latest one only', async () => {
    const [old, now] = [randomUuid(), randomUuid()]
    const { services: [service] } = await add([sample('tagged', { tags: [tag('VERSION', old)] })])
    const byTag = code =>
      doctor.sdk.contact.matchServicesBy(ServiceFilters.byTagAndValueDateForSelf('VERSION', { tagCode: code }))
    assert.deepEqual(await byTag(old), [service.id])

    await add([newVersion(service, { tags: [tag('VERSION', now)] })])
    assert.deepEqual(await byTag(now), [service.id])
    assert.deepEqual(await byTag(old), [])
  })

  it('end with one that has an end of life: "delete this data sample"', async () => {
    const code = randomUuid()
    const { services: [service] } = await add([sample('mistaken', { tags: [tag('SAMPLE', code)] })])
    const filter = ServiceFilters.byTagAndValueDateForSelf('SAMPLE', { tagCode: code })
    assert.deepEqual(await patient.sdk.contact.matchServicesBy(filter), [service.id])

    const end = Date.now() + 60_000
    await add([new DecryptedService({ id: service.id, endOfLife: end, modified: end })])
    assert.deepEqual(await patient.sdk.contact.matchServicesBy(filter), [])
    assert.deepEqual(await doctor.sdk.contact.matchServicesBy(filter), [])
    const ended = await patient.sdk.contact.getService(service.id)
    assert.equal(ended.endOfLife, end)
    assert.deepEqual(ids(await patient.sdk.contact.getServices([service.id])), [service.id])
  })
})

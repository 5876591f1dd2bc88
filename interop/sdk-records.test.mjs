// Our client and the official one on one server: each reads, changes and shares what the other wrote.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DecryptedContact,
  DecryptedContent,
  DecryptedDocument,
  DecryptedHealthElement,
  DecryptedMaintenanceTask,
  DecryptedPatient,
  DecryptedPropertyStub,
  DecryptedService,
  DecryptedTypedValue,
  MaintenanceTaskFilters,
  PropertyTypeStub,
  TaskStatus,
  TypedValuesType,
} from '@icure/cardinal-sdk'
import { useDriver } from './lib/driver.mjs'
import { refused } from './lib/expect.mjs'
import { newHcp } from './lib/people.mjs'
import { addContact, addHealthElement, addPatient, readers, sample, textOf } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'

// Jorah and Missandei use the official client, Barristan and Grey Worm ours.
const driver = useDriver()
let jorah, barristan, grey, missandei
const server = useServer(async () => {
  jorah = await newHcp(server, { responsible: true })
  missandei = await newHcp(server, { firstName: 'Missandei', lastName: 'Naath' })
  barristan = await driver.newHcp('barristan', server)
  grey = await driver.newHcp('grey', server)
})

const shareOfficially = (api, entity, id) => api.shareWith(id, entity)

describe('patients', () => {
  it('made by the official client are read, changed and shared by ours', async () => {
    const made = await addPatient(jorah, { note: 'by Jorah' }, { sharedWith: [barristan.id] })
    const read = await barristan.tell('patient.get', { id: made.id })
    assert.deepEqual([read.note, read.authenticated], ['by Jorah', false])
    const changed = await barristan.tell('patient.modify', { id: made.id, note: 'by Barristan' })
    assert.deepEqual([changed.note, changed.authenticated], ['by Barristan', true])
    assert.equal((await jorah.sdk.patient.getPatient(made.id)).note, 'by Barristan')
    await refused([403, 404], () => missandei.sdk.patient.getPatient(made.id))
    await barristan.tell('patient.share', { id: made.id, with: missandei.id })
    assert.equal((await missandei.sdk.patient.getPatient(made.id)).note, 'by Barristan')
  })

  it('made by ours are read, changed and shared by the official client', async () => {
    const made = await barristan.tell('patient.create', { firstName: 'Arya', lastName: 'Stark', note: 'no one' })
    await barristan.tell('patient.share', { id: made.id, with: jorah.id, write: true })
    const read = await jorah.sdk.patient.getPatient(made.id)
    assert.equal(read.note, 'no one')
    await jorah.sdk.patient.modifyPatient(new DecryptedPatient({ ...read, note: 'someone' }))
    const after = await barristan.tell('patient.get', { id: made.id })
    assert.deepEqual([after.note, after.authenticated], ['someone', false], 'the tag is lost, and that is reported')
    await shareOfficially(jorah.sdk.patient, await jorah.sdk.patient.getPatient(made.id), grey.id)
    assert.equal((await grey.tell('patient.get', { id: made.id })).note, 'someone')
  })
})

describe('contacts with services', () => {
  let patient
  it('made by the official client are read, changed and shared by ours', async () => {
    patient = await addPatient(jorah, {}, { sharedWith: [barristan.id] })
    const contact = await addContact(jorah, patient, { services: [sample('one')] }, { sharedWith: [barristan.id] })
    const id = contact.services[0].id
    const read = await barristan.tell('sample.get', { id })
    assert.deepEqual([read.text, read.contactId, read.authenticated], ['one', contact.id, false])
    await barristan.tell('sample.modify', { id, text: 'two' })
    assert.equal(textOf((await jorah.sdk.contact.getContact(contact.id)).services[0]), 'two')
    await barristan.tell('sample.share', { id, with: missandei.id })
    assert.equal(textOf((await missandei.sdk.contact.getContact(contact.id)).services[0]), 'two')
    assert.deepEqual((await barristan.tell('sample.list', { patient: patient.id })).texts, ['two'])
  })

  it('made by ours are read, changed and shared by the official client', async () => {
    const made = await barristan.tell('sample.create', { patient: patient.id, text: 'three' })
    assert.equal(made.authenticated, true)
    await barristan.tell('sample.share', { id: made.id, with: jorah.id, write: true })
    const contact = await jorah.sdk.contact.getContact(made.contactId)
    assert.equal(textOf(contact.services[0]), 'three')
    const content = { en: new DecryptedContent({ stringValue: 'four' }) }
    const services = [new DecryptedService({ ...contact.services[0], content })]
    const saved = await jorah.sdk.contact.modifyContact(new DecryptedContact({ ...contact, services }))
    const after = await barristan.tell('sample.get', { id: made.id })
    assert.deepEqual([after.text, after.authenticated], ['four', false])
    await shareOfficially(jorah.sdk.contact, saved, grey.id)
    assert.equal((await grey.tell('sample.get', { id: made.id })).text, 'four')
  })
})

describe('health elements', () => {
  let patient
  it('made by the official client are read, changed and shared by ours', async () => {
    patient = await addPatient(jorah, {}, { sharedWith: [barristan.id] })
    const made = await addHealthElement(jorah, patient, { descr: 'cough', note: 'dry' }, { sharedWith: [barristan.id] })
    assert.deepEqual((await barristan.tell('element.get', { id: made.id })).description, 'cough')
    await barristan.tell('element.modify', { id: made.id, note: 'wet' })
    assert.equal((await jorah.sdk.healthElement.getHealthElement(made.id)).note, 'wet')
    await barristan.tell('element.share', { id: made.id, with: missandei.id })
    assert.equal((await missandei.sdk.healthElement.getHealthElement(made.id)).note, 'wet')
  })

  it('made by ours are read, changed and shared by the official client', async () => {
    const made = await barristan.tell('element.create', { patient: patient.id, description: 'greyscale', note: 'old' })
    await barristan.tell('element.share', { id: made.id, with: jorah.id, write: true })
    const read = await jorah.sdk.healthElement.getHealthElement(made.id)
    assert.deepEqual([read.descr, read.note], ['greyscale', 'old'])
    const saved = await jorah.sdk.healthElement.modifyHealthElement(new DecryptedHealthElement({ ...read, note: 'healed' }))
    const after = await barristan.tell('element.get', { id: made.id })
    assert.deepEqual([after.note, after.authenticated], ['healed', false])
    await shareOfficially(jorah.sdk.healthElement, saved, grey.id)
    assert.equal((await grey.tell('element.get', { id: made.id })).note, 'healed')
  })
})

describe('documents with attachments', () => {
  const octets = text => new Int8Array(Buffer.from(text))
  const text = bytes => Buffer.from(bytes).toString()

  it('made by the official client are read, changed and shared by ours', async () => {
    const whole = new DecryptedDocument({ name: 'letter' })
    const ready = await jorah.sdk.document.withEncryptionMetadata(whole, undefined, { delegates: readers(barristan.id) })
    const made = await jorah.sdk.document.createDocument(ready)
    await jorah.sdk.document.encryptAndSetMainAttachment(made, ['public.plain-text'], octets('from Jorah'))
    assert.equal((await barristan.tell('document.get', { id: made.id })).name, 'letter')
    assert.deepEqual(await barristan.tell('document.read', { id: made.id }), { content: 'from Jorah', status: 'Untagged' })
    await barristan.tell('document.attach', { id: made.id, content: 'from Barristan' })
    const found = await jorah.sdk.document.getDocument(made.id)
    assert.equal(text(await jorah.sdk.document.getAndDecryptMainAttachment(found)), 'from Barristan')
    await barristan.tell('document.share', { id: made.id, with: missandei.id })
    const theirs = await missandei.sdk.document.getDocument(made.id)
    assert.equal(text(await missandei.sdk.document.getAndDecryptMainAttachment(theirs)), 'from Barristan')
  })

  it('made by ours are read, changed and shared by the official client', async () => {
    const patient = await barristan.tell('patient.create', { firstName: 'Bran', lastName: 'Stark', note: 'fell' })
    const made = await barristan.tell('document.create', { patient: patient.id, name: 'scan' })
    await barristan.tell('document.attach', { id: made.id, content: 'the spine' })
    assert.deepEqual(await barristan.tell('document.read', { id: made.id }), { content: 'the spine', status: 'Authentic' })
    await barristan.tell('document.share', { id: made.id, with: jorah.id, write: true })
    const found = await jorah.sdk.document.getDocument(made.id)
    assert.equal(found.name, 'scan')
    assert.equal(text(await jorah.sdk.document.getAndDecryptMainAttachment(found)), 'the spine')
    const set = await jorah.sdk.document.encryptAndSetMainAttachment(found, ['public.plain-text'], octets('a raven'))
    assert.equal((await barristan.tell('document.read', { id: made.id })).content, 'a raven')
    await shareOfficially(jorah.sdk.document, set, grey.id)
    assert.equal((await grey.tell('document.read', { id: made.id })).content, 'a raven')
  })
})

describe('tasks', () => {
  it('made by the official client are read and completed by ours', async () => {
    const properties = [
      new DecryptedPropertyStub({
        id: 'reason',
        type: new PropertyTypeStub({ identifier: 'reason', type: TypedValuesType.String }),
        typedValue: new DecryptedTypedValue({ type: TypedValuesType.String, stringValue: 'call me' }),
      }),
    ]
    const whole = new DecryptedMaintenanceTask({ taskType: 'CALL_BACK', properties })
    const delegates = readers(barristan.id)
    const ready = await jorah.sdk.maintenanceTask.withEncryptionMetadata(whole, { delegates })
    const made = await jorah.sdk.maintenanceTask.createMaintenanceTask(ready)
    const read = await barristan.tell('task.get', { id: made.id })
    assert.deepEqual([read.reason, read.status], ['call me', 'pending'])
    await barristan.tell('task.complete', { id: made.id })
    assert.equal((await jorah.sdk.maintenanceTask.getMaintenanceTask(made.id)).status, TaskStatus.Completed)
  })

  it('made by ours are read and completed by the official client', async () => {
    const made = await barristan.tell('task.create', { reason: 'come over', to: jorah.id })
    const [id] = await jorah.sdk.maintenanceTask.matchMaintenanceTasksBy(MaintenanceTaskFilters.byTypeForSelf('CALL_BACK'))
      .then(ids => ids.filter(id => id === made.id))
    const read = await jorah.sdk.maintenanceTask.getMaintenanceTask(id)
    assert.equal(read.properties[0].typedValue.stringValue, 'come over')
    const completed = new DecryptedMaintenanceTask({ ...read, status: TaskStatus.Completed })
    await jorah.sdk.maintenanceTask.modifyMaintenanceTask(completed)
    assert.equal((await barristan.tell('task.get', { id: made.id })).status, 'completed')
  })
})

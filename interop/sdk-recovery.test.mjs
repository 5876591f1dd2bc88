// Our client and the official one on one server: each gives access back to the other, and each opens with the
// recovery key that the other made.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DecryptedMaintenanceTask,
  KeyPairUpdateNotification,
  MaintenanceTaskFilters,
  RecoveryDataKey,
  TaskStatus,
} from '@icure/cardinal-sdk'
import { useDriver } from './lib/driver.mjs'
import { all, refused } from './lib/expect.mjs'
import { Device, byCode, newEmail, newHcp, newPatient } from './lib/people.mjs'
import { addContact, sample, textOf } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'
import { NewKeyAndNotify, UseRecoveryKey } from './lib/strategies.mjs'

const driver = useDriver()
let jorah, barristan
const server = useServer(async () => {
  jorah = await newHcp(server, { responsible: true })
  barristan = await driver.newHcp('barristan', server)
})

const reads = async (sdk, contact, text) =>
  assert.equal(textOf((await sdk.contact.getContact(contact.id)).services[0]), text)

const onNewDevice = ({ address }, cryptoStrategies) =>
  byCode(server, { process: 'patient-email', address, device: new Device(), cryptoStrategies })

/** A patient with our client, and a sample that the official doctor can read. */
async function ourPatient(who) {
  const address = newEmail(who)
  const person = await driver.byCode(who, server, address, { responsible: jorah.id })
  await person.tell('patient.current')
  const made = await person.tell('sample.create', { patient: person.id, text: `written by ${who}` })
  return { ...person, who, address, made }
}

describe('access given back', () => {
  it('by ours to a patient with the official client', async () => {
    const patient = await newPatient(server, { sharingWith: [barristan.id] })
    const contact = await addContact(patient, patient.id, { services: [sample('old')] }, { sharedWith: [barristan.id] })
    const strategies = new NewKeyAndNotify()
    const sdk = await onNewDevice(patient, strategies)
    await strategies.notified
    await refused([403, 404], () => sdk.contact.getContact(contact.id))

    const [request, ...more] = await barristan.tell('recovery.pending')
    assert.deepEqual([request.owner, more], [patient.id, []])
    assert.ok((await barristan.tell('recovery.giveBack', { id: request.id })).extended >= 1)
    assert.deepEqual(await barristan.tell('recovery.pending'), [])
    await sdk.crypto.forceReload()
    await reads(sdk, contact, 'old')
  })

  it('by the official client to a patient with ours', async () => {
    const patient = await ourPatient('daenerys')
    assert.equal(textOf((await jorah.sdk.contact.getContact(patient.made.contactId)).services[0]), 'written by daenerys')
    const again = await driver.byCode('daenerys', server, patient.address, { responsible: jorah.id, newKey: true })
    await assert.rejects(again.tell('sample.get', { id: patient.made.id }))
    assert.ok((await again.tell('recovery.ask')).asked.includes(jorah.id))

    const filter = MaintenanceTaskFilters.byTypeForSelf(KeyPairUpdateNotification.TASK_TYPE)
    const tasks = await all(await jorah.sdk.maintenanceTask.filterMaintenanceTasksBy(filter))
    const notifications = tasks.map(task => KeyPairUpdateNotification.parseFromMaintenanceTask(task))
    const position = notifications.findIndex(({ concernedDataOwnerId }) => concernedDataOwnerId === patient.id)
    await jorah.sdk.cardinalMaintenanceTask.applyKeyPairUpdate(notifications[position])
    const completed = new DecryptedMaintenanceTask({ ...tasks[position], status: TaskStatus.Completed })
    await jorah.sdk.maintenanceTask.modifyMaintenanceTask(completed)

    await again.tell('recovery.reload')
    const read = await again.tell('sample.get', { id: patient.made.id })
    assert.deepEqual([read.text, read.authenticated], ['written by daenerys', true])
    await again.tell('patient.current')
    assert.deepEqual((await again.tell('sample.list', { patient: patient.id })).texts, ['written by daenerys'])
  })
})

describe('recovery keys', () => {
  it('made by the official client open with ours', async () => {
    const patient = await newPatient(server, { sharingWith: [jorah.id] })
    const contact = await addContact(patient, patient.id, { services: [sample('before')] })
    const key = await patient.sdk.recovery.createRecoveryInfoForAvailableKeyPairs({ lifetimeSeconds: 3600 })
    const recoveryKey = key.asBase32().toLowerCase()
    const again = await driver.byCode('sansa', server, patient.address, { recoveryKey })
    const read = await again.tell('sample.get', { id: contact.services[0].id })
    assert.deepEqual([read.text, read.authenticated], ['before', false])
  })

  it('made by ours open with the official client', async () => {
    const patient = await ourPatient('viserys')
    const { key } = await patient.tell('recovery.kit')
    const strategies = new UseRecoveryKey(RecoveryDataKey.fromBase32(key.replaceAll('-', '')), { autoDelete: false })
    const sdk = await onNewDevice(patient, strategies)
    await reads(sdk, { id: patient.made.contactId }, 'written by viserys')
  })
})

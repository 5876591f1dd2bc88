// F4: a patient loses the key. The steps A to F of the flow, one test each, in order.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ContactFilters,
  DecryptedMaintenanceTask,
  KeyPairUpdateNotification,
  MaintenanceTaskFilters,
  TaskStatus,
  spkiHexKeyToFingerprintV1,
} from '@icure/cardinal-sdk'
import { all, ids, refused, sameSet } from './lib/expect.mjs'
import { Device, byCode, initializeSelf, newHcp, newPatient, signIn } from './lib/people.mjs'
import { addContact, sample, textOf } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'
import { NewKeyAndNotify, TrustOwnKeys } from './lib/strategies.mjs'
import { lastCall, record } from './lib/traffic.mjs'

const byEmail = { process: 'patient-email' }
const readsAs = async ({ sdk }, contact, text) =>
  assert.equal(textOf((await sdk.contact.getContact(contact.id)).services[0]), text)

/** What a doctor's application does with a notification after a phone call to the patient. */
async function pendingNotifications({ sdk }) {
  const filter = MaintenanceTaskFilters.byTypeForSelf(KeyPairUpdateNotification.TASK_TYPE)
  const tasks = await all(await sdk.maintenanceTask.filterMaintenanceTasksBy(filter))
  return tasks.filter(({ status }) => status === TaskStatus.Pending)
}

async function giveAccessBack({ sdk }, task) {
  await sdk.cardinalMaintenanceTask.applyKeyPairUpdate(KeyPairUpdateNotification.parseFromMaintenanceTask(task))
  const completed = new DecryptedMaintenanceTask({ ...task, status: TaskStatus.Completed })
  return sdk.maintenanceTask.modifyMaintenanceTask(completed)
}

describe('a patient who lost the key', () => {
  let doctor, second, patient, oldKey
  let shared, unshared
  const server = useServer(async () => {
    doctor = await newHcp(server, { responsible: true })
    second = await newHcp(server, { firstName: 'Barristan', lastName: 'Selmy' })
    patient = await newPatient(server, { sharingWith: [doctor.id, second.id] })
    const add = (text, options) => addContact(patient, patient.id, { services: [sample(text)] }, options)
    shared = await add('known to Jorah', { autoShare: true })
    unshared = await add('a secret of mine')
    oldKey = (await publishedKeys())[0]
  })

  const publishedKeys = async () => {
    const { stub } = await doctor.sdk.dataOwner.getCryptoActorStub(patient.id)
    return stub.publicKeysForOaepWithSha256
  }

  let device, again, newKey
  it('A, B: logs in on an empty device, publishes a new key, and notifies everybody concerned', async () => {
    device = new Device()
    const cryptoStrategies = new NewKeyAndNotify()
    const { address } = patient
    const { result: sdk, calls } = await record(async () => {
      const sdk = await byCode(server, { ...byEmail, address, device, cryptoStrategies })
      newKey = await cryptoStrategies.notified
      return sdk
    })
    again = { sdk }
    sameSet(await publishedKeys(), [oldKey, newKey])
    assert.equal(lastCall(calls, 'GET', '/counterparts').status, 200)
    const notified = calls.filter(({ method, path }) => method === 'POST' && path.endsWith('/maintenancetask'))
    assert.deepEqual(notified.map(({ status }) => status), [200, 200], 'one for each HCP')
  })

  it('C: cannot reach the old data', async () => {
    for (const { id } of [shared, unshared]) await refused([403, 404], () => again.sdk.contact.getContact(id))
    assert.deepEqual(await again.sdk.contact.getContacts([shared.id, unshared.id]), [])
    assert.deepEqual(await again.sdk.contact.matchContactsBy(ContactFilters.allContactsForSelf()), [])
  })

  let fresh
  it('C: reads its own record, gives it new metadata, and makes new data at once', async () => {
    assert.equal((await again.sdk.patient.encrypted.getPatient(patient.id)).firstName, 'Daenerys')
    const self = await initializeSelf(again.sdk, [doctor.id])
    const { secureDelegations } = self.securityMetadata
    const roots = Object.values(secureDelegations).filter(({ parentDelegations }) => parentDelegations.length === 0)
    assert.equal(roots.length, 2, 'the old root and the new one')

    const stored = await again.sdk.patient.encrypted.getPatient(patient.id)
    fresh = await addContact(again, stored, { services: [sample('after the fire')] }, { sharedWith: [doctor.id] })
    await readsAs(again, fresh, 'after the fire')
    await readsAs(doctor, fresh, 'after the fire')
    assert.deepEqual(await again.sdk.contact.matchContactsBy(ContactFilters.allContactsForSelf()), [fresh.id])
  })

  it('D: the doctor finds the notification, and gives access back', async () => {
    const [task, ...more] = await pendingNotifications(doctor)
    assert.equal(more.length, 0)
    const notification = KeyPairUpdateNotification.parseFromMaintenanceTask(task)
    assert.equal(notification.concernedDataOwnerId, patient.id)
    assert.equal(notification.newPublicKey, newKey, 'the key that the patient reads out on the phone')

    const { result: completed, calls } = await record(() => giveAccessBack(doctor, task))
    assert.equal(completed.status, 'Completed')
    assert.equal(lastCall(calls, 'PUT', '/exchangedata').status, 200)
    assert.deepEqual(await pendingNotifications(doctor), [])
  })

  it('E: the patient reads the old data that the doctor has, and only that', async () => {
    await refused([403, 404], () => again.sdk.contact.getContact(shared.id))
    await again.sdk.crypto.forceReload()
    await readsAs(again, shared, 'known to Jorah')
    await refused([403, 404], () => again.sdk.contact.getContact(unshared.id))
    const found = await again.sdk.contact.matchContactsBy(ContactFilters.allContactsForSelf())
    sameSet(found, ids([shared, fresh]))
  })

  it('F: the old device comes back, trusts the new key, and hands over its own', async () => {
    const cryptoStrategies = new TrustOwnKeys()
    const { address } = patient
    const { result: old, calls } = await record(() =>
      byCode(server, { ...byEmail, address, device: patient.device, cryptoStrategies }),
    )
    assert.deepEqual(cryptoStrategies.verified, [newKey])
    assert.equal(lastCall(calls, 'PUT', '/dataowner/stub').status, 200)
    const { stub } = await doctor.sdk.dataOwner.getCryptoActorStub(patient.id)
    const [to, from] = [newKey, oldKey].map(spkiHexKeyToFingerprintV1)
    assert.ok(stub.transferKeys[to][from], 'the old key, encrypted with the new one')
    await readsAs({ sdk: old }, unshared, 'a secret of mine')

    const sdk = await byCode(server, { ...byEmail, address, device })
    await readsAs({ sdk }, unshared, 'a secret of mine')
    await readsAs({ sdk }, shared, 'known to Jorah')
    await readsAs({ sdk }, fresh, 'after the fire')
    sameSet(await publishedKeys(), [oldKey, newKey])
  })

  it('the second HCP still has its notification, and may use it later', async () => {
    const [task] = await pendingNotifications(second)
    assert.equal((await giveAccessBack(second, task)).status, 'Completed')
  })
})

describe('an HCP who lost the key', () => {
  let doctor, colleague, contact
  const server = useServer(async () => {
    doctor = await newHcp(server, { responsible: true })
    colleague = await newHcp(server, { firstName: 'Missandei', lastName: 'Naath' })
    const patient = await newPatient(server, { sharingWith: [doctor.id, colleague.id] })
    contact = await addContact(patient, patient.id, { services: [sample('seen')] }, { sharedWith: [doctor.id] })
    const shared = await doctor.sdk.contact.getContact(contact.id)
    await doctor.sdk.contact.shareWith(colleague.id, shared)
  })

  it('still may read the data, but cannot decrypt it until a colleague helps', async () => {
    const cryptoStrategies = new NewKeyAndNotify()
    const { login, password } = doctor
    const sdk = await signIn(server, { login, secret: password, cryptoStrategies })
    const newKey = await cryptoStrategies.notified
    const { stub } = await colleague.sdk.dataOwner.getCryptoActorStub(doctor.id)
    assert.equal(stub.publicKeysForOaepWithSha256.length, 2)
    assert.equal((await sdk.contact.encrypted.getContact(contact.id)).id, contact.id)
    await assert.rejects(sdk.contact.getContact(contact.id))

    const [task] = await pendingNotifications(colleague)
    assert.equal(KeyPairUpdateNotification.parseFromMaintenanceTask(task).newPublicKey, newKey)
    await giveAccessBack(colleague, task)
    await sdk.crypto.forceReload()
    await readsAs({ sdk }, contact, 'seen')
  })
})

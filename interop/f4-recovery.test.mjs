// F4: recovery data. A key written down once opens everything again on another device.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RecoveryDataUseFailureReason, RecoveryKeySize, RecoveryDataKey } from '@icure/cardinal-sdk'
import { refused } from './lib/expect.mjs'
import { Device, byCode, newHcp, newPatient } from './lib/people.mjs'
import { rawLogin } from './lib/raw.mjs'
import { addContact, sample, textOf } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'
import { UseRecoveryKey } from './lib/strategies.mjs'
import { lastCall, record } from './lib/traffic.mjs'

const HOUR = { lifetimeSeconds: 3600 }
const { Missing, Unauthorized, InvalidType } = RecoveryDataUseFailureReason

let doctor
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
})

const newStory = async () => {
  const patient = await newPatient(server, { sharingWith: [doctor.id] })
  const contact = await addContact(patient, patient.id, { services: [sample('before')] })
  return { patient, contact }
}

const onNewDevice = ({ address }, options) =>
  byCode(server, { process: 'patient-email', address, device: new Device(), ...options })

const reads = async (sdk, contact, text) =>
  assert.equal(textOf((await sdk.contact.getContact(contact.id)).services[0]), text)

describe('recovery of key pairs', () => {
  it('opens everything on a third device, without a new key', async () => {
    const { patient, contact } = await newStory()
    const key = await patient.sdk.recovery.createRecoveryInfoForAvailableKeyPairs(HOUR)
    const typed = RecoveryDataKey.fromBase32(key.asBase32())
    const cryptoStrategies = new UseRecoveryKey(typed)
    const { result: sdk, calls } = await record(() => onNewDevice(patient, { cryptoStrategies }))
    assert.equal(lastCall(calls, 'GET', '/recoverydata/').status, 200)
    assert.equal(lastCall(calls, 'DELETE', '/recoverydata/').status, 200)
    assert.equal(lastCall(calls, 'PUT', '/dataowner/stub'), undefined)
    await reads(sdk, contact, 'before')
    const self = await sdk.patient.encrypted.getPatient(patient.id)
    assert.equal(self.publicKeysForOaepWithSha256.length, 1)
  })

  it('works once when it is deleted with its use', async () => {
    const { patient } = await newStory()
    const key = await patient.sdk.recovery.createRecoveryInfoForAvailableKeyPairs(HOUR)
    const found = await patient.sdk.recovery.recoverKeyPairs(key, true)
    assert.equal(Object.keys(found.data[patient.id]).length, 1)
    const again = await patient.sdk.recovery.recoverKeyPairs(key, true)
    assert.equal(again.reason, Missing)
    const cryptoStrategies = new UseRecoveryKey(key)
    await assert.rejects(onNewDevice(patient, { cryptoStrategies }))
    assert.equal(cryptoStrategies.result.reason, Missing)
  })

  it('works again and again when it is kept, until it is purged', async () => {
    const { patient } = await newStory()
    const { recovery } = patient.sdk
    const options = { ...HOUR, recoveryKeySize: RecoveryKeySize.Bytes16 }
    const key = await recovery.createRecoveryInfoForAvailableKeyPairs(options)
    for (let i = 0; i < 2; i++) assert.ok((await recovery.recoverKeyPairs(key, false)).data)
    await recovery.purgeRecoveryInfo(key)
    assert.equal((await recovery.recoverKeyPairs(key, false)).reason, Missing)
  })

  it('is for its recipient only', async () => {
    const [{ patient }, { patient: thief }] = [await newStory(), await newStory()]
    const key = await patient.sdk.recovery.createRecoveryInfoForAvailableKeyPairs(HOUR)
    assert.equal((await thief.sdk.recovery.recoverKeyPairs(key, true)).reason, Unauthorized)
    await assert.rejects(thief.sdk.recovery.purgeRecoveryInfo(key))
    assert.ok((await patient.sdk.recovery.recoverKeyPairs(key, false)).data, 'it is still there')
  })

  it('is gone when its time is over', async () => {
    const { patient } = await newStory()
    // The client computes an instant in the past, and does not look at the answer of the server.
    const key = await patient.sdk.recovery.createRecoveryInfoForAvailableKeyPairs({ lifetimeSeconds: -1 })
    assert.equal((await patient.sdk.recovery.recoverKeyPairs(key, false)).reason, Missing)
  })
})

describe('recovery of exchange data', () => {
  it('gives a patient with a new key the data that an HCP shared', async () => {
    const { patient } = await newStory()
    const theirs = await doctor.sdk.patient.getPatient(patient.id)
    const report = await addContact(doctor, theirs, { services: [sample('report')] }, { sharedWith: [patient.id] })
    await patient.sdk.crypto.forceReload()
    await reads(patient.sdk, report, 'report')

    const sdk = await onNewDevice(patient)
    await refused([403, 404], () => sdk.contact.getContact(report.id))
    const key = await doctor.sdk.recovery.createExchangeDataRecoveryInfo(patient.id, HOUR)
    assert.equal((await sdk.recovery.recoverKeyPairs(key, false)).reason, InvalidType)
    assert.equal(await sdk.recovery.recoverExchangeData(key) ?? undefined, undefined)
    await reads(sdk, report, 'report')
    assert.equal(await sdk.recovery.recoverExchangeData(key), Missing, 'it was deleted with its use')
  })
})

describe('purging', () => {
  it('removes all recovery data of one kind, or all of it', async () => {
    const { patient } = await newStory()
    const { recovery } = patient.sdk
    const add = () => recovery.createRecoveryInfoForAvailableKeyPairs(HOUR)
    const theirs = await doctor.sdk.patient.getPatient(patient.id)
    await addContact(doctor, theirs, {}, { sharedWith: [patient.id] })
    const exchange = await doctor.sdk.recovery.createExchangeDataRecoveryInfo(patient.id, HOUR)

    const keys = [await add(), await add()]
    assert.equal(await recovery.purgeAllKeyPairRecoveryInfoFor(patient.id), 2)
    for (const key of keys) assert.equal((await recovery.recoverKeyPairs(key, false)).reason, Missing)
    assert.equal(await recovery.purgeAllExchangeDataRecoveryInfoFor(patient.id), 1)
    assert.equal(await recovery.recoverExchangeData(exchange), Missing)
    await add()
    assert.equal(await recovery.purgeAllRecoveryInfoFor(patient.id), 1)
    assert.equal(await recovery.purgeAllRecoveryInfoFor(patient.id), 0)
  })

  it('is not for somebody else', async () => {
    const { patient } = await newStory()
    const key = await patient.sdk.recovery.createRecoveryInfoForAvailableKeyPairs(HOUR)
    const { patient: stranger } = await newStory()
    await refused([403, 404], () => stranger.sdk.recovery.purgeAllRecoveryInfoFor(patient.id))
    assert.ok((await patient.sdk.recovery.recoverKeyPairs(key, false)).data)
  })
})

describe('paths of later clients', () => {
  it('purge as well', async () => {
    const raw = await rawLogin(server, doctor)
    await doctor.sdk.recovery.createRecoveryInfoForAvailableKeyPairs(HOUR)
    const answer = await raw.delete(`recoverydata/forRecipient/${doctor.id}/ofType/KEYPAIR_RECOVERY`)
    assert.deepEqual([answer.status, answer.json], [200, { numberValue: 1 }])
    assert.deepEqual((await raw.delete(`recoverydata/forRecipient/${doctor.id}`)).json, { numberValue: 0 })
  })
})

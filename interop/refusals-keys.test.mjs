// Refusals: keys, exchange data, recovery data and users that belong to somebody else.
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { randomUuid } from '@icure/cardinal-sdk'
import { status } from './lib/expect.mjs'
import { byCode, newEmail, newHcp, newPatient } from './lib/people.mjs'
import { rawLogin, rawSession } from './lib/raw.mjs'
import { addContact } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'

let doctor, stranger, patient, other
let asDoctor, asStranger, asPatient, asOther
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  // By code, not by the administrator: an HCP without any special right.
  const sdk = await byCode(server, {
    process: 'hcp-email', address: newEmail('walder'), firstName: 'Walder', lastName: 'Frey',
  })
  const user = await sdk.user.getCurrentUser()
  stranger = { sdk, id: user.healthcarePartyId, userId: user.id }
  patient = await newPatient(server, { sharingWith: [doctor.id] })
  other = await newPatient(server, { firstName: 'Viserys', sharingWith: [doctor.id] })
  await addContact(patient, patient.id, {}, { autoShare: true })
  asDoctor = await rawLogin(server, doctor)
  asStranger = await rawSession(server, () => sdk.user.getCurrentUser())
  asPatient = await rawSession(server, () => patient.sdk.patient.encrypted.getPatient(patient.id))
  asOther = await rawSession(server, () => other.sdk.patient.encrypted.getPatient(other.id))
})

const REFUSED = [400, 403, 404, 422]
const keysOf = async id => (await asDoctor.read(`dataowner/stub/${id}`)).stub.publicKeysForOaepWithSha256
const newKey = () =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' }).toString('hex')

/** Well-formed fingerprints of no key. */
const fingerprint = digit => `${digit.repeat(22)}0203010001`

describe('the public key of somebody else', () => {
  it('is not swapped by an HCP who may write the patient', async () => {
    const before = await keysOf(patient.id)
    const record = await asDoctor.read(`patient/${patient.id}`)
    for (const keys of [[newKey()], [...before, newKey()], []]) {
      const answer = await asDoctor.put('patient', { ...record, publicKeysForOaepWithSha256: keys })
      if (answer.status === 200) record.rev = answer.json.rev
      else status(answer, REFUSED)
      assert.deepEqual(await keysOf(patient.id), before)
    }
  })

  it('is not changed through the stub', async () => {
    for (const { id } of [patient, stranger]) {
      const before = await asDoctor.read(`dataowner/stub/${id}`)
      const stub = { ...before.stub, publicKeysForOaepWithSha256: [newKey()] }
      status(await asDoctor.put('dataowner/stub', { ...before, stub }), 403)
      const added = { ...before.stub, publicKeysForOaepWithSha256: [...before.stub.publicKeysForOaepWithSha256, newKey()] }
      status(await asDoctor.put('dataowner/stub', { ...before, stub: added }), 403)
      const transferKeys = { [fingerprint('0')]: { [fingerprint('1')]: '00' } }
      status(await asDoctor.put('dataowner/stub', { ...before, stub: { ...before.stub, transferKeys } }), 403)
      assert.deepEqual(await asDoctor.read(`dataowner/stub/${id}`), before)
    }
  })

  it('is not changed in an HCP either', async () => {
    const before = await keysOf(doctor.id)
    const record = await asStranger.read(`hcparty/${doctor.id}`)
    const answer = await asStranger.put('hcparty', { ...record, publicKeysForOaepWithSha256: [newKey()], lastName: 'X' })
    status(answer, [403, 404])
    assert.deepEqual(await keysOf(doctor.id), before)
    assert.equal((await asDoctor.read(`hcparty/${doctor.id}`)).lastName, record.lastName)
  })
})

describe('one’s own public keys', () => {
  it('are only added to', async () => {
    const before = await asDoctor.read(`dataowner/stub/${doctor.id}`)
    const put = publicKeysForOaepWithSha256 =>
      asDoctor.put('dataowner/stub', { ...before, stub: { ...before.stub, publicKeysForOaepWithSha256 } })
    status(await put([]), REFUSED)
    status(await put([newKey()]), REFUSED)
    assert.deepEqual(await asDoctor.read(`dataowner/stub/${doctor.id}`), before)
  })

  it('have to be keys', async () => {
    const before = await asDoctor.read(`dataowner/stub/${doctor.id}`)
    const keys = before.stub.publicKeysForOaepWithSha256
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'der' })
    for (const bad of ['', 'abc', 'zz'.repeat(294), newKey().toUpperCase(), short.toString('hex')]) {
      const stub = { ...before.stub, publicKeysForOaepWithSha256: [...keys, bad] }
      status(await asDoctor.put('dataowner/stub', { ...before, stub }), [400, 422])
    }
    const rev = '1-00000000000000000000000000000000'
    status(await asDoctor.put('dataowner/stub', { ...before, stub: { ...before.stub, rev } }), 409)
    assert.deepEqual(await keysOf(doctor.id), keys)
  })
})

describe('the exchange data of others', () => {
  const sharedWithDoctor = async () => {
    const [data] = await asDoctor.read(`exchangedata/byDelegatorDelegate/${patient.id}/${doctor.id}`)
    return data
  }

  it('are not read', async () => {
    const { id } = await sharedWithDoctor()
    status(await asDoctor.get(`exchangedata/${id}`), 200)
    for (const raw of [asStranger, asOther]) {
      status(await raw.get(`exchangedata/${id}`), 403)
      status(await raw.get(`exchangedata/byParticipant/${patient.id}`), 403)
      status(await raw.get(`exchangedata/byDelegatorDelegate/${patient.id}/${doctor.id}`), 403)
      status(await raw.get(`exchangedata/byParticipant/${patient.id}/counterparts?counterpartsTypes=Hcp`), 403)
    }
    const many = await asStranger.post('exchangedata/byIds', { ids: [id] })
    if (many.status === 200) assert.deepEqual(many.json, [])
  })

  it('are not written', async () => {
    const data = await sharedWithDoctor()
    status(await asStranger.put('exchangedata', data), 403)
    status(await asDoctor.put('exchangedata', { ...data, delegator: stranger.id }), [400, 403])
    status(await asDoctor.put('exchangedata', { ...data, delegate: stranger.id }), [400, 403])
    status(await asDoctor.put('exchangedata', { ...data, rev: '1-00000000000000000000000000000000' }), 409)
    status(await asStranger.post('exchangedata', { ...data, id: randomUuid(), rev: undefined }), 403)
    status(await asDoctor.post('exchangedata', { ...data, rev: undefined }), [403, 409])
    assert.deepEqual(await sharedWithDoctor(), data)
  })

  it('have to be complete', async () => {
    const data = await sharedWithDoctor()
    const own = { ...data, id: randomUuid(), rev: undefined, delegator: doctor.id, delegate: patient.id }
    for (const field of ['exchangeKey', 'accessControlSecret', 'sharedSignatureKey', 'sharedSignature', 'delegate']) {
      status(await asDoctor.post('exchangedata', { ...own, [field]: undefined }), [400, 422])
    }
    for (const field of ['exchangeKey', 'accessControlSecret', 'sharedSignatureKey']) {
      status(await asDoctor.post('exchangedata', { ...own, [field]: {} }), [400, 422])
    }
  })

  it('maps are added to, never replaced', async () => {
    const key = '00112233445566778899aabbccddeeff'
    const put = batch => asDoctor.put('exchangedatamap/batch', { batch: { [key]: batch } })
    const [one, two] = ['a'.repeat(22), 'b'.repeat(22)]
    status(await put({ [one]: 'Zmlyc3Q=' }), 200)
    status(await put({ [one]: 'c2Vjb25k', [two]: 'b3RoZXI=' }), 200)
    const id = createHash('sha256').update(Buffer.from(key, 'hex')).digest('hex')
    const [map] = (await asDoctor.post('exchangedatamap/batch', { ids: [id] })).json
    assert.equal(map.id, id)
    assert.deepEqual(map.encryptedExchangeDataIds, { [one]: 'Zmlyc3Q=', [two]: 'b3RoZXI=' })
  })
})

describe('the recovery data of others', () => {
  it('are neither read nor deleted', async () => {
    const key = await patient.sdk.recovery.createRecoveryInfoForAvailableKeyPairs({ lifetimeSeconds: 3600 })
    const bytes = Buffer.from(key.asHexString(), 'hex')
    const id = createHash('sha256').update(bytes).digest('hex')
    status(await asPatient.get(`recoverydata/${id}`), 200)
    for (const raw of [asDoctor, asStranger, asOther]) {
      status(await raw.get(`recoverydata/${id}`), 403)
      status(await raw.delete(`recoverydata/${id}`), 403)
      status(await raw.delete(`recoverydata/forRecipient/${patient.id}`), 403)
    }
    status(await asPatient.get(`recoverydata/${id}`), 200)
  })
})

describe('the user of somebody else', () => {
  it('gets no token from others', async () => {
    const makeToken = (raw, { userId }) => raw.post(`user/token/${userId}/stolen?tokenValidity=86400`)
    status(await makeToken(asPatient, doctor), [403, 404])
    status(await makeToken(asPatient, other), [403, 404])
    status(await makeToken(asStranger, doctor), [403, 404])
    status(await makeToken(asStranger, patient), [403, 404])
  })

  it('keeps its auto-delegations, password and names', async () => {
    const victim = await asOther.read('user/current')
    const changes = [
      { autoDelegations: { all: [stranger.id] } },
      { passwordHash: 'known to the thief' },
      { email: newEmail('thief') },
    ]
    for (const change of changes) {
      for (const raw of [asPatient, asStranger]) {
        status(await raw.put('user', { ...victim, ...change }), [403, 404])
      }
    }
    assert.deepEqual(await asOther.read('user/current'), victim)
    status(await asPatient.post(`user/${other.userId}/2fa`, { secret: 'JBSWY3DPEHPK3PXP', otpLength: 6 }), [403, 404])
    status(await asPatient.delete(`user/${other.userId}?rev=${victim.rev}`), [403, 404])
  })

  it('is not who one becomes by changing oneself', async () => {
    const self = await asPatient.read('user/current')
    for (const change of [{ patientId: other.id }, { patientId: undefined, healthcarePartyId: doctor.id }]) {
      const now = await asPatient.read('user/current')
      const answer = await asPatient.put('user', { ...now, ...change })
      if (answer.status !== 200) status(answer, REFUSED)
      const after = await asPatient.read('user/current')
      assert.deepEqual([after.patientId, after.healthcarePartyId], [self.patientId, self.healthcarePartyId])
    }
    status(await asPatient.get(`patient/${other.id}`), [403, 404])
  })

  it('is not made by a patient', async () => {
    const user = { id: randomUuid(), login: newEmail('fake'), healthcarePartyId: doctor.id }
    status(await asPatient.post('user', user), 403)
  })
})

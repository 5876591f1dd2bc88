// The two tutorials of iCure, told from the beginning to the end with the official client:
// "Authenticating a user" and "What if my user lost their private key?".
//
// Jorah Mormont is a doctor. Daenerys Targaryen is a patient who starts her application for the first time.
// The tests run in order; each is one chapter. Everything the server needs is the Keystead binary.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AuthenticationMethod,
  AuthenticationProcessTelecomType,
  CaptchaOptions,
  CardinalSdk,
  CodeStub,
  DecryptedContact,
  DecryptedContent,
  DecryptedMaintenanceTask,
  DecryptedService,
  KeyPairUpdateNotification,
  MaintenanceTaskFilters,
  ServiceFilters,
  TaskStatus,
} from '@icure/cardinal-sdk'
import { all, refused } from './lib/expect.mjs'
import { Device, initializeSelf } from './lib/people.mjs'
import { useServer } from './lib/server.mjs'
import { NewKeyAndNotify, TrustOwnKeys } from './lib/strategies.mjs'

const APPLICATION = 'org.example.dragons'
const { UsernamePassword, UsernameLongToken } = AuthenticationMethod.UsingCredentials

/** The administrator of the server makes the first doctor, who is responsible for all new patients. */
let jorah
const server = useServer(async () => {
  const names = ['--first-name', 'Jorah', '--last-name', 'Mormont']
  const account = ['--login', 'jorah@example.org', '--password', 'dragonstone']
  const { dataOwnerId } = await server.admin('hcp', 'create', ...account, ...names, '--responsible')
  const credentials = new UsernamePassword('jorah@example.org', 'dragonstone')
  // The administrator stored the password as it is, so the client must not salt it.
  const options = { saltPasswordWithApplicationId: false }
  const sdk = await CardinalSdk.initialize(APPLICATION, server.base, credentials, new Device(), options)
  jorah = { id: dataOwnerId, sdk }
})

/** Asks for a one-time code by e-mail; the application shows a field where the user types it. */
const startAuthentication = (email, device, cryptoStrategies) =>
  CardinalSdk.initializeWithProcess(
    APPLICATION,
    server.base,
    server.gateway,
    'dev',
    'patient-email',
    AuthenticationProcessTelecomType.Email,
    email,
    new CaptchaOptions.Kerberus.Delegated({}),
    device,
    { firstName: 'Daenerys', lastName: 'Targaryen' },
    { cryptoStrategies },
  )

/** A data sample of the tutorial: one service in a contact of its own. */
async function createDataSample(sdk, patientId, text) {
  const service = new DecryptedService({
    tags: [new CodeStub({ id: 'IC-TEST|TEST|1', type: 'IC-TEST', code: 'TEST', version: '1' })],
    content: { en: new DecryptedContent({ stringValue: text }) },
    openingDate: 20220929083400,
    valueDate: 20230328100113,
    comment: 'This is a comment',
  })
  const patient = await sdk.patient.encrypted.getPatient(patientId)
  // The current user brings the delegations that Daenerys gives to all her future data.
  const user = await sdk.user.getCurrentUser()
  const contact = await sdk.contact.withEncryptionMetadata(new DecryptedContact({ services: [service] }), patient, { user })
  const { services } = await sdk.contact.createContact(contact)
  return services[0]
}

const textOf = ({ content }) => content.en.stringValue

const email = 'daenerys@example.org'
const computer = new Device()
let sdk, patientId, dataSample, token

describe('Authenticating a user', () => {
  it('Daenerys registers: a code comes by e-mail, she types it, and has an account with a key', async () => {
    const step = await startAuthentication(email, computer)
    const [message] = await server.outbox(email)
    assert.equal(message.channel, 'email')

    sdk = await step.completeAuthentication(message.code)
    const user = await sdk.user.getCurrentUser()
    assert.equal(user.email, email)
    assert.deepEqual(user.autoDelegations.All, [jorah.id], 'Jorah is responsible for her')
    patientId = user.patientId

    const { stub } = await jorah.sdk.dataOwner.getCryptoActorStub(patientId)
    assert.equal(stub.publicKeysForOaepWithSha256.length, 1, 'her public key is on the server, the private one is not')
    const self = await initializeSelf(sdk, [jorah.id])
    assert.deepEqual([self.firstName, self.lastName], ['Daenerys', 'Targaryen'])
  })

  it('she saves a long-lived token, so that she need not ask for a code every time', async () => {
    const user = await sdk.user.getCurrentUser()
    token = await sdk.user.getToken(user.id, 'computer', { tokenValidity: 30 * 24 * 3600 })
    assert.ok(token.length > 10)
  })

  it('she creates encrypted data, and Jorah can read it', async () => {
    dataSample = await createDataSample(sdk, patientId, 'Hello world')
    assert.equal(textOf(await sdk.contact.getService(dataSample.id)), 'Hello world')
    assert.equal(textOf(await jorah.sdk.contact.getService(dataSample.id)), 'Hello world')
  })

  it('she logs in with the credentials she saved, and finds her data', async () => {
    const credentials = new UsernameLongToken(email, token)
    const again = await CardinalSdk.initialize(APPLICATION, server.base, credentials, computer)
    assert.equal((await again.user.getCurrentUser()).patientId, patientId)
    assert.equal(textOf(await again.contact.getService(dataSample.id)), 'Hello world')
  })

  it('her token has expired: she asks for a new code, keeps her key, and finds her data', async () => {
    const step = await startAuthentication(email, computer)
    sdk = await step.completeAuthentication(await server.code(email))
    const user = await sdk.user.getCurrentUser()
    assert.equal(user.patientId, patientId, 'she is the same user')
    assert.equal(textOf(await sdk.contact.getService(dataSample.id)), 'Hello world')
    const { stub } = await jorah.sdk.dataOwner.getCryptoActorStub(patientId)
    assert.equal(stub.publicKeysForOaepWithSha256.length, 1, 'no second key was made')
  })
})

describe('What if my user lost their private key?', () => {
  const phone = new Device()
  let newKey, newSample, notification

  it('on a new phone Daenerys logs in, gets a new key, and those who share with her are notified', async () => {
    const strategies = new NewKeyAndNotify()
    const step = await startAuthentication(email, phone, strategies)
    sdk = await step.completeAuthentication(await server.code(email))
    newKey = await strategies.notified
    const { stub } = await jorah.sdk.dataOwner.getCryptoActorStub(patientId)
    assert.equal(stub.publicKeysForOaepWithSha256.length, 2)
    assert.ok(stub.publicKeysForOaepWithSha256.includes(newKey))
  })

  it('she creates new data with the new key', async () => {
    await initializeSelf(sdk, [jorah.id])
    newSample = await createDataSample(sdk, patientId, 'Hello from my new phone')
    assert.equal(textOf(await sdk.contact.getService(newSample.id)), 'Hello from my new phone')
    assert.equal(textOf(await jorah.sdk.contact.getService(newSample.id)), 'Hello from my new phone')
  })

  it('but cannot reach what she made with the old one', async () => {
    await refused([403, 404], () => sdk.contact.getService(dataSample.id))
    const samples = ServiceFilters.byTagAndValueDateForSelf('IC-TEST', { tagCode: 'TEST' })
    assert.deepEqual(await sdk.contact.matchServicesBy(samples), [newSample.id])
  })

  it('Jorah gets his pending notifications', async () => {
    const filter = MaintenanceTaskFilters.byTypeForSelf(KeyPairUpdateNotification.TASK_TYPE)
    const tasks = await all(await jorah.sdk.maintenanceTask.filterMaintenanceTasksBy(filter))
    const pending = tasks.filter(({ status }) => status === TaskStatus.Pending)
    assert.equal(pending.length, 1)
    notification = pending[0]
  })

  it('he makes sure that it is really her, and gives her access back', async () => {
    const update = KeyPairUpdateNotification.parseFromMaintenanceTask(notification)
    assert.equal(update.concernedDataOwnerId, patientId)
    assert.equal(update.newPublicKey, newKey, 'Daenerys reads her key to him on the telephone')
    await jorah.sdk.cardinalMaintenanceTask.applyKeyPairUpdate(update)
    const done = new DecryptedMaintenanceTask({ ...notification, status: TaskStatus.Completed })
    assert.equal((await jorah.sdk.maintenanceTask.modifyMaintenanceTask(done)).status, TaskStatus.Completed)
  })

  it('after restarting her application she reads her old data', async () => {
    const step = await startAuthentication(email, phone)
    sdk = await step.completeAuthentication(await server.code(email))
    assert.equal(textOf(await sdk.contact.getService(dataSample.id)), 'Hello world')
    assert.equal(textOf(await sdk.contact.getService(newSample.id)), 'Hello from my new phone')
  })

  it('and if the old computer turns up, it hands its key over to the phone', async () => {
    const trust = new TrustOwnKeys()
    const step = await startAuthentication(email, computer, trust)
    const old = await step.completeAuthentication(await server.code(email))
    assert.deepEqual(trust.verified, [newKey])
    assert.equal(textOf(await old.contact.getService(dataSample.id)), 'Hello world')
    const { stub } = await jorah.sdk.dataOwner.getCryptoActorStub(patientId)
    assert.equal(Object.keys(stub.transferKeys).length, 1)
  })
})

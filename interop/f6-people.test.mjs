// F6: users and data owners made by others, invitations, auto-delegations, roles, the group.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Device as DeviceRecord,
  HealthcareParty,
  KeyPairUpdateNotification,
  ListOfIds,
  MaintenanceTaskFilters,
  User,
  randomUuid,
} from '@icure/cardinal-sdk'
import { all, ids, refused, sameSet } from './lib/expect.mjs'
import { Device, initializeSelf, newEmail, newHcp, newPatient, newPhone, signIn } from './lib/people.mjs'
import { addContact, addHealthElement, addPatient, sample, textOf } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'
import { NewKeyAndNotify } from './lib/strategies.mjs'

let doctor, colleague, administrator
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  colleague = await newHcp(server, { firstName: 'Daario', lastName: 'Naharis' })
  administrator = await newHcp(server, { firstName: 'Varys', lastName: 'Spider', admin: true })
})

/** A user for a data owner that exists, and a token with which this user logs in for the first time. */
async function invite({ sdk }, user) {
  const email = newEmail('invited')
  const made = await sdk.user.createUser(new User({ name: 'Invited', login: email, email, ...user }))
  const token = await sdk.user.getToken(made.id, 'invite', { tokenValidity: 86_400 })
  return { user: made, login: email, secret: token, token: true }
}

describe('auto-delegations', () => {
  it('are changed by the user, and followed by what the user makes next', async () => {
    const patient = await newPatient(server, { sharingWith: [doctor.id, colleague.id] })
    const { sdk } = patient
    const add = () => addContact(patient, patient.id, { services: [sample('hello')] }, { autoShare: true })
    const before = await add()
    await refused([403, 404], () => colleague.sdk.contact.getContact(before.id))

    const user = await sdk.user.getCurrentUser()
    const autoDelegations = { All: [doctor.id, colleague.id] }
    const saved = await sdk.user.modifyUser(new User({ ...user, autoDelegations }))
    sameSet(saved.autoDelegations.All, [doctor.id, colleague.id])
    sameSet((await sdk.user.getCurrentUser()).autoDelegations.All, [doctor.id, colleague.id])

    const after = await add()
    assert.equal(textOf((await colleague.sdk.contact.getContact(after.id)).services[0]), 'hello')
    await refused([403, 404], () => colleague.sdk.contact.getContact(before.id))
    await refused(409, () => sdk.user.modifyUser(new User({ ...user, autoDelegations: {} })))
  })

  it('can be for one kind of data only', async () => {
    const patient = await newPatient(server, { sharingWith: [doctor.id, colleague.id] })
    const user = await patient.sdk.user.getCurrentUser()
    const autoDelegations = { All: [doctor.id], MedicalInformation: [colleague.id] }
    await patient.sdk.user.modifyUser(new User({ ...user, autoDelegations }))
    const contact = await addContact(patient, patient.id, {}, { autoShare: true })
    const element = await addHealthElement(patient, patient.id, { descr: 'scar' }, { autoShare: true })
    await refused([403, 404], () => colleague.sdk.contact.getContact(contact.id))
    assert.equal((await colleague.sdk.healthElement.getHealthElement(element.id)).descr, 'scar')
  })
})

describe('an invited patient', () => {
  it('logs in with the token, makes a key, and is given what the doctor already wrote', async () => {
    const record = await addPatient(doctor, { firstName: 'Sansa', lastName: 'Stark', note: 'kind' })
    assert.equal(await doctor.sdk.patient.forceInitializeExchangeDataToNewlyInvitedPatient(record.id), true)
    const { user, ...invitation } = await invite(doctor, { patientId: record.id })
    assert.deepEqual([user.patientId, user.groupId], [record.id, doctor.groupId])
    const shared = await doctor.sdk.patient.shareWith(record.id, record)
    const contact = await addContact(doctor, shared, { services: [sample('welcome')] }, { sharedWith: [record.id] })

    const device = new Device()
    const cryptoStrategies = new NewKeyAndNotify()
    const sdk = await signIn(server, { ...invitation, device, cryptoStrategies })
    assert.equal((await sdk.user.getCurrentUser()).patientId, record.id)
    const newKey = await cryptoStrategies.notified
    const { stub } = await doctor.sdk.dataOwner.getCryptoActorStub(record.id)
    assert.deepEqual(stub.publicKeysForOaepWithSha256, [newKey])

    // The patient can write at once …
    const self = await initializeSelf(sdk, [doctor.id])
    const own = await addContact({ sdk }, self, { services: [sample('thank you')] }, { sharedWith: [doctor.id] })
    assert.equal(textOf((await doctor.sdk.contact.getContact(own.id)).services[0]), 'thank you')

    // … and reads what was there after the doctor has seen the new key.
    const filter = MaintenanceTaskFilters.byTypeForSelf(KeyPairUpdateNotification.TASK_TYPE)
    const [task] = await all(await doctor.sdk.maintenanceTask.filterMaintenanceTasksBy(filter))
    const notification = KeyPairUpdateNotification.parseFromMaintenanceTask(task)
    assert.deepEqual([notification.concernedDataOwnerId, notification.newPublicKey], [record.id, newKey])
    await doctor.sdk.cardinalMaintenanceTask.applyKeyPairUpdate(notification)
    await sdk.crypto.forceReload()
    assert.equal(textOf((await sdk.contact.getContact(contact.id)).services[0]), 'welcome')
    assert.equal((await sdk.patient.getPatient(record.id)).note, 'kind')
  })
})

describe('other data owners', () => {
  it('an HCP is made, gets a user, and works with its own key', async () => {
    const worm = new HealthcareParty({ firstName: 'Grey', lastName: 'Worm' })
    const made = await doctor.sdk.healthcareParty.createHealthcareParty(worm)
    assert.deepEqual([made.id, made.firstName], [worm.id, 'Grey'])
    const { user, ...invitation } = await invite(doctor, { healthcarePartyId: made.id })
    const sdk = await signIn(server, invitation)
    assert.equal((await sdk.user.getCurrentUser()).id, user.id)

    const patient = await addPatient(doctor, { firstName: 'Davos' })
    await doctor.sdk.patient.shareWith(made.id, patient)
    assert.equal((await sdk.patient.getPatient(patient.id)).firstName, 'Davos')
  })

  it('an HCP needs a name', async () => {
    await refused([400, 422], () => doctor.sdk.healthcareParty.createHealthcareParty(new HealthcareParty({})))
  })

  it('a device is made, gets a user, and stores data', async () => {
    const scale = await doctor.sdk.device.createDevice(new DeviceRecord({ name: 'scale', serialNumber: '42' }))
    assert.equal((await doctor.sdk.device.getDevice(scale.id)).serialNumber, '42')
    const { user, ...invitation } = await invite(doctor, { deviceId: scale.id })
    const sdk = await signIn(server, invitation)
    assert.equal((await sdk.user.getCurrentUser()).deviceId, scale.id)
    assert.equal((await sdk.dataOwner.getCurrentDataOwner()).dataOwner.id, scale.id)
    const { stub, type } = await doctor.sdk.dataOwner.getCryptoActorStub(scale.id)
    assert.deepEqual([type, stub.publicKeysForOaepWithSha256.length], ['Device', 1])

    const patient = await addPatient(doctor)
    await doctor.sdk.patient.shareWith(scale.id, patient)
    await sdk.crypto.forceReload()
    const weight = await addContact({ sdk }, patient.id, { services: [sample('72 kg')] }, { sharedWith: [doctor.id] })
    assert.equal(textOf((await doctor.sdk.contact.getContact(weight.id)).services[0]), '72 kg')
    assert.equal((await doctor.sdk.user.getUser(user.id)).deviceId, scale.id)
  })

  it('an HCP reads what was shared with the HCP above it, still encrypted', async () => {
    const nurse = new HealthcareParty({ firstName: 'Talisa', lastName: 'Maegyr', parentId: doctor.id })
    await doctor.sdk.healthcareParty.createHealthcareParty(nurse)
    const { user, ...invitation } = await invite(doctor, { healthcarePartyId: nurse.id })
    const sdk = await signIn(server, invitation)
    assert.equal((await sdk.user.getCurrentUser()).id, user.id)
    const contact = await addContact(doctor, await addPatient(doctor), { services: [sample('for the ward')] })
    const found = await sdk.contact.encrypted.getContact(contact.id)
    assert.equal(found.id, contact.id)
    await refused([403, 404], () => colleague.sdk.contact.encrypted.getContact(contact.id))
  })

  it('are read by everybody who needs their keys', async () => {
    const patient = await newPatient(server, { sharingWith: [doctor.id] })
    const found = await patient.sdk.healthcareParty.getHealthcareParty(colleague.id)
    assert.equal(found.lastName, 'Naharis')
    const parties = await patient.sdk.healthcareParty.getHealthcareParties([doctor.id, colleague.id, randomUuid()])
    assert.deepEqual(ids(parties), [doctor.id, colleague.id])
    await refused([403, 404], () => colleague.sdk.dataOwner.getDataOwner(patient.id))
    const { stub } = await colleague.sdk.dataOwner.getCryptoActorStub(patient.id)
    assert.equal(stub.publicKeysForOaepWithSha256.length, 1, 'but the keys of a patient are public')
  })
})

describe('users', () => {
  it('are found by e-mail, phone and data owner', async () => {
    const [email, mobilePhone] = [newEmail('varys'), newPhone()]
    const hcp = await doctor.sdk.healthcareParty.createHealthcareParty(new HealthcareParty({ lastName: 'Varys' }))
    const user = await doctor.sdk.user.createUser(new User({ email, mobilePhone, healthcarePartyId: hcp.id }))
    assert.deepEqual([user.status, user.groupId], ['Active', doctor.groupId])
    assert.ok([email, mobilePhone].includes(user.login), 'the login defaults to an address')
    assert.equal((await doctor.sdk.user.getUserByEmail(email)).id, user.id)
    assert.equal((await doctor.sdk.user.getUserByPhoneNumber(mobilePhone)).id, user.id)
    assert.deepEqual(await doctor.sdk.user.findByHcpartyId(hcp.id), [user.id])
    assert.deepEqual(ids(await doctor.sdk.user.getUsers([user.id, randomUuid()])), [user.id])
  })

  it('need a login or an address, and one that nobody else has', async () => {
    const create = user => doctor.sdk.user.createUser(new User({ name: 'X', ...user }))
    await refused([400, 422], () => create({}))
    await refused([400, 422], () => create({ email: 'not an address' }))
    await refused([400, 422], () => create({ mobilePhone: 'call me' }))
    await refused([400, 409], () => create({ login: doctor.login }))
    await refused([400, 409], () => create({ email: doctor.login }))
  })

  it('are deleted, and then cannot log in', async () => {
    const hcp = await doctor.sdk.healthcareParty.createHealthcareParty(new HealthcareParty({ lastName: 'Littlefinger' }))
    const { user, ...invitation } = await invite(doctor, { healthcarePartyId: hcp.id })
    await signIn(server, { ...invitation, device: new Device() })
    const { id, rev } = await doctor.sdk.user.getUser(user.id)
    // whoever was invited and came is nobody's any more but its own, and the administrators'
    await refused(403, () => doctor.sdk.user.deleteUserById(id, rev))
    await administrator.sdk.user.deleteUserById(id, rev)
    await refused(401, () => signIn(server, invitation))
  })

  it('have roles', async () => {
    const roles = await doctor.sdk.role.getAllRoles()
    assert.ok(roles.length > 0)
    assert.ok(roles.every(({ id, permissions }) => id && Array.isArray(permissions)))
    const hcp = await doctor.sdk.healthcareParty.createHealthcareParty(new HealthcareParty({ lastName: 'Bronn' }))
    const { user } = await invite(doctor, { healthcarePartyId: hcp.id })
    const [role] = ids(roles)
    await refused(403, () => doctor.sdk.user.setUserRoles(user.id, new ListOfIds({ ids: [role] })))
    const changed = await administrator.sdk.user.setUserRoles(user.id, new ListOfIds({ ids: [role] }))
    assert.deepEqual(changed.roles, [role])
    assert.deepEqual((await administrator.sdk.user.resetUserRoles(user.id)).roles, [])
  })
})

describe('the group', () => {
  it('is shown to its users, others are not', async () => {
    const group = await doctor.sdk.group.getGroup(doctor.groupId)
    assert.equal(group.id, doctor.groupId)
    assert.ok(group.minimumAuthenticationClassForElevatedPrivileges)
    assert.equal(group.password, undefined)
    await refused([403, 404], () => doctor.sdk.group.getGroup('elsewhere'))
  })
})

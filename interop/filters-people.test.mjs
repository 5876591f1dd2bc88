// Filters on users, HCPs and devices, which are not encrypted.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Device,
  DeviceFilters,
  HealthcareParty,
  HealthcarePartyFilters,
  UserFilters,
  intersection,
  randomUuid,
  union,
} from '@icure/cardinal-sdk'
import { all, ids, sameSet } from './lib/expect.mjs'
import { newHcp, newPatient } from './lib/people.mjs'
import { rawLogin } from './lib/raw.mjs'
import { tag } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'

let doctor, colleague, patient
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  colleague = await newHcp(server, { firstName: 'Samwell', lastName: 'Tarly' })
  patient = await newPatient(server, { sharingWith: [doctor.id] })
})

describe('users are found', () => {
  const found = async (filter, expected) => sameSet(await doctor.sdk.user.matchUsersBy(filter), expected)

  it('all of the group', () => found(UserFilters.all(), [doctor.userId, colleague.userId, patient.userId]))

  it('by the data owner they are', async () => {
    await found(UserFilters.byHealthcarePartyId(colleague.id), [colleague.userId])
    await found(UserFilters.byPatientId(patient.id), [patient.userId])
    await found(UserFilters.byPatientId(randomUuid()), [])
  })

  it('by name, e-mail or phone', async () => {
    await found(UserFilters.byNameEmailOrPhone(patient.address), [patient.userId])
    await found(UserFilters.byNameEmailOrPhone('nobody@example.org'), [])
  })

  it('by ids, and by combinations', async () => {
    await found(UserFilters.byIds([doctor.userId, randomUuid()]), [doctor.userId])
    const [doctors, mails] = [UserFilters.byHealthcarePartyId(doctor.id), UserFilters.byNameEmailOrPhone(patient.address)]
    await found(union(doctors, mails), [doctor.userId, patient.userId])
    await found(intersection(doctors, mails), [])
  })

  it('page by page, without their secrets', async () => {
    const users = await all(await doctor.sdk.user.filterUsersBy(UserFilters.all()))
    sameSet(ids(users), [doctor.userId, colleague.userId, patient.userId])
    for (const { passwordHash, authenticationTokens } of users) {
      assert.ok(passwordHash === undefined || passwordHash === '*')
      for (const { token } of Object.values(authenticationTokens)) assert.equal(token, undefined)
    }
  })
})

describe('HCPs are found', () => {
  let surgeon
  const found = async (filter, expected) => {
    sameSet(await doctor.sdk.healthcareParty.matchHealthcarePartiesBy(filter), expected)
  }

  it('all of the group', async () => {
    const whole = new HealthcareParty({ firstName: 'Qyburn', lastName: 'Maester', tags: [tag('ROLE', 'SURGEON')] })
    surgeon = await doctor.sdk.healthcareParty.createHealthcareParty(whole)
    await found(HealthcarePartyFilters.all(), [doctor.id, colleague.id, surgeon.id])
  })

  it('by name', async () => {
    await found(HealthcarePartyFilters.byName('Tarly'), [colleague.id])
    await found(HealthcarePartyFilters.byName('tarl'), [colleague.id])
    await found(HealthcarePartyFilters.byName('Nobody'), [])
  })

  it('by tag', async () => {
    await found(HealthcarePartyFilters.byTag('ROLE', { tagCode: 'SURGEON' }), [surgeon.id])
    await found(HealthcarePartyFilters.byTag('ROLE', { tagCode: 'NURSE' }), [])
  })

  // This client does not let its own filter on ids of HCPs be used.
  it('by ids, asked by hand', async () => {
    const raw = await rawLogin(server, doctor)
    const answer = await raw.post('hcparty/match', { $type: 'HealthcarePartyByIdsFilter', ids: [surgeon.id, randomUuid()] })
    assert.deepEqual(answer.json, [surgeon.id])
  })

  it('page by page', async () => {
    const iterator = await doctor.sdk.healthcareParty.filterHealthPartiesBy(HealthcarePartyFilters.all())
    sameSet(ids(await all(iterator)), [doctor.id, colleague.id, surgeon.id])
  })
})

describe('devices are found', () => {
  it('all of them, by ids, and by who is responsible', async () => {
    const add = name => doctor.sdk.device.createDevice(new Device({ name, responsible: doctor.id }))
    const [scale, watch] = [await add('scale'), await add('watch')]
    const found = async (filter, expected) => sameSet(await doctor.sdk.device.matchDevicesBy(filter), ids(expected))
    await found(DeviceFilters.all(), [scale, watch])
    await found(DeviceFilters.byIds([watch.id, randomUuid()]), [watch])
    await found(DeviceFilters.byResponsible(doctor.id), [scale, watch])
    await found(DeviceFilters.byResponsible(colleague.id), [])
  })
})

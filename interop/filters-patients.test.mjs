// Filters on patients: every one of the HCP's searches, on a small and known population.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AddressType,
  DecryptedAddress,
  DecryptedPatient,
  DecryptedTelecom,
  Gender,
  Identifier,
  PatientFilters,
  TelecomType,
  intersection,
  randomUuid,
  union,
} from '@icure/cardinal-sdk'
import { all, ids, sameSet } from './lib/expect.mjs'
import { newHcp } from './lib/people.mjs'
import { rawLogin } from './lib/raw.mjs'
import { addPatient } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'

const identifier = value => new Identifier({ id: value, system: 'urn:winterfell', value })
const reachedAt = number =>
  new DecryptedAddress({
    addressType: AddressType.Home,
    telecoms: [new DecryptedTelecom({ telecomType: TelecomType.Mobile, telecomNumber: number })],
  })

let doctor, other
let arya, bran, sansa, rickon
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  other = await newHcp(server, { firstName: 'Maester', lastName: 'Luwin' })
  const add = (patient, options) => addPatient(doctor, patient, options)
  arya = await add({
    firstName: 'Arya',
    lastName: 'Stark',
    gender: Gender.Female,
    education: 'fencing',
    dateOfBirth: 20030411,
    ssin: '03041100001',
    identifier: [identifier('arya'), identifier('nobody')],
  })
  bran = await add({
    firstName: 'Bran',
    lastName: 'Stark',
    gender: Gender.Male,
    dateOfBirth: 20040101,
    ssin: '04010100002',
    addresses: [reachedAt('+32475123456')],
  })
  sansa = await add({
    firstName: 'Sansa',
    lastName: 'Lannister',
    gender: Gender.Female,
    profession: 'queen',
    education: 'embroidery',
    dateOfBirth: 20000702,
    identifier: [identifier('sansa')],
    addresses: [reachedAt('+32475999999')],
  })
  rickon = await add(
    { firstName: 'Rickon', lastName: 'Stark', gender: Gender.Male, dateOfBirth: 20080930, active: false },
    { sharedWith: [other.id] },
  )
})

const match = (filter, { sdk } = doctor) => sdk.patient.matchPatientsBy(filter)
const found = async (filter, expected, person) => sameSet(await match(filter, person), ids(expected))

describe('patients are found', () => {
  it('all of them, each by those who may read it', async () => {
    await found(PatientFilters.allPatientsForSelf(), [arya, bran, sansa, rickon])
    await found(PatientFilters.allPatientsForSelf(), [rickon], other)
    await found(PatientFilters.allPatientsForDataOwner(doctor.id), [arya, bran, sansa, rickon])
    await found(PatientFilters.allPatientsForDataOwner(other.id), [rickon])
    await found(PatientFilters.allPatientsForDataOwner(doctor.id), [rickon], other)
  })

  it('by ids, but only existing and readable ones', async () => {
    const wanted = [arya.id, rickon.id, randomUuid()]
    await found(PatientFilters.byIds(wanted), [arya, rickon])
    await found(PatientFilters.byIds(wanted), [rickon], other)
  })

  it('by name', async () => {
    await found(PatientFilters.byNameForSelf('stark'), [arya, bran, rickon])
    await found(PatientFilters.byNameForSelf('Lann'), [sansa])
    await found(PatientFilters.byFuzzyNameForDataOwner(other.id, 'stark'), [rickon], other)
    await found(PatientFilters.byNameForSelf('Tyrell'), [])
  })

  it('by national number', async () => {
    await found(PatientFilters.bySsinsForSelf([arya.ssin, bran.ssin]), [arya, bran])
    await found(PatientFilters.bySsinsForSelf([arya.ssin]), [arya])
    await found(PatientFilters.bySsinsForSelf(['00000000000']), [])
    await found(PatientFilters.bySsinsForSelf([arya.ssin]), [], other)
  })

  it('by identifiers', async () => {
    await found(PatientFilters.byIdentifiersForSelf([identifier('arya'), identifier('sansa')]), [arya, sansa])
    await found(PatientFilters.byIdentifiersForDataOwner(doctor.id, [identifier('nobody')]), [arya])
    const elsewhere = new Identifier({ system: 'urn:elsewhere', value: 'arya' })
    await found(PatientFilters.byIdentifiersForSelf([elsewhere]), [])
  })

  it('by date of birth, both ends included', async () => {
    await found(PatientFilters.byDateOfBirthBetweenForSelf(20030411, 20040101), [arya, bran])
    await found(PatientFilters.byDateOfBirthBetweenForSelf(20080930, 20080930), [rickon])
    await found(PatientFilters.byDateOfBirthBetweenForSelf(20090101, 20991231), [])
  })

  it('by telecom', async () => {
    await found(PatientFilters.byTelecomForSelf('+32475123456'), [bran])
    await found(PatientFilters.byTelecomForSelf('+32400000000'), [])
  })

  it('by gender, education and profession', async () => {
    const by = PatientFilters.byGenderEducationProfessionForSelf
    await found(by(Gender.Female), [arya, sansa])
    await found(by(Gender.Female, { education: 'fencing' }), [arya])
    await found(by(Gender.Female, { education: 'embroidery', profession: 'queen' }), [sansa])
    await found(by(Gender.Female, { education: 'fencing', profession: 'queen' }), [])
    await found(by(Gender.Unknown), [])
  })

  it('by whether they are active, which is true by default', async () => {
    await found(PatientFilters.byActiveForSelf(true), [arya, bran, sansa])
    await found(PatientFilters.byActiveForSelf(false), [rickon])
  })
})

describe('filters on patients combine', () => {
  const starks = () => PatientFilters.byNameForSelf('stark')
  const women = () => PatientFilters.byGenderEducationProfessionForSelf(Gender.Female)

  it('as a union', () => found(union(starks(), women()), [arya, bran, sansa, rickon]))
  it('as an intersection', () => found(intersection(starks(), women()), [arya]))
  it('in each other', async () => {
    const filter = intersection(union(starks(), women()), PatientFilters.byActiveForSelf(true))
    await found(filter, [arya, bran, sansa])
  })

  // `difference` of this client sends a union, so this one is asked by hand.
  it('as a complement', async () => {
    const raw = await rawLogin(server, doctor)
    const filter = {
      $type: 'ComplementFilter',
      superSet: { $type: 'PatientByHcPartyNameFilter', name: 'stark', healthcarePartyId: doctor.id },
      subSet: { $type: 'PatientByHcPartyGenderEducationProfession', gender: 'female', healthcarePartyId: doctor.id },
    }
    sameSet((await raw.post('patient/match', filter)).json, ids([bran, rickon]))
  })
})

describe('what a filter finds', () => {
  it('is decrypted page by page', async () => {
    const patients = await all(await doctor.sdk.patient.filterPatientsBy(PatientFilters.allPatientsForSelf()), 3)
    sameSet(patients.map(({ firstName }) => firstName), ['Arya', 'Bran', 'Sansa', 'Rickon'])
  })

  it('changes with the patient, and ends with it', async () => {
    const gilly = await addPatient(doctor, { firstName: 'Gilly', lastName: 'Craster' })
    const moved = new DecryptedPatient({ ...gilly, lastName: 'Tarly' })
    const saved = await doctor.sdk.patient.modifyPatient(moved)
    await found(PatientFilters.byNameForSelf('Craster'), [])
    await found(PatientFilters.byNameForSelf('Tarly'), [gilly])
    const gone = await doctor.sdk.patient.deletePatientById(gilly.id, saved.rev)
    await found(PatientFilters.byNameForSelf('Tarly'), [])
    await found(PatientFilters.byIds([gilly.id]), [])
    await doctor.sdk.patient.undeletePatientById(gilly.id, gone.rev)
    await found(PatientFilters.byNameForSelf('Tarly'), [gilly])
  })

  it('follows sharing', async () => {
    const hodor = await addPatient(doctor, { firstName: 'Hodor', lastName: 'Giant' })
    await found(PatientFilters.byNameForSelf('Giant'), [], other)
    await doctor.sdk.patient.shareWith(other.id, hodor)
    await found(PatientFilters.byNameForSelf('Giant'), [hodor], other)
    assert.equal((await other.sdk.patient.getPatient(hodor.id)).firstName, 'Hodor')
  })
})

describe('patients in batches', () => {
  it('answer with ids and revisions', async () => {
    const drafts = []
    for (const firstName of ['Jon', 'Robb']) {
      const whole = new DecryptedPatient({ firstName, lastName: 'Batch' })
      drafts.push(await doctor.sdk.patient.withEncryptionMetadata(whole))
    }
    const made = await doctor.sdk.patient.createPatients(drafts)
    sameSet(ids(made), ids(drafts))
    assert.ok(made.every(({ rev }) => rev))
    await found(PatientFilters.byNameForSelf('Batch'), drafts)
  })
})

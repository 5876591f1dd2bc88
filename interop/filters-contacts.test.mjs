// Filters on contacts and services: dates, tags, codes, patients, and the order of what is found.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ContactFilters, Identifier, ServiceFilters, intersection, union } from '@icure/cardinal-sdk'
import { all, ids, sameSet } from './lib/expect.mjs'
import { newHcp, newPatient } from './lib/people.mjs'
import { rawLogin } from './lib/raw.mjs'
import { addContact, sample, tag, textOf } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'

const identifier = value => new Identifier({ id: value, system: 'urn:test', value })

let doctor, stranger, patient, other
let first, second, third, foreign
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  stranger = await newHcp(server, { firstName: 'Janos', lastName: 'Slynt' })
  patient = await newPatient(server, { sharingWith: [doctor.id] })
  other = await newPatient(server, { firstName: 'Viserys', sharingWith: [doctor.id] })
  // Sent out of order on purpose.
  third = await add(patient, {
    openingDate: 20230301120000,
    tags: [tag('STAY', 'NIGHT')],
    services: [sample('c', { valueDate: 20230301080000, tags: [tag('LAB', 'GLUCOSE')], codes: [tag('LOINC', '1')] })],
  })
  first = await add(patient, {
    openingDate: 20230101120000,
    tags: [tag('STAY', 'DAY')],
    identifier: [identifier('first')],
    services: [
      sample('a', { valueDate: 20230101080000, tags: [tag('LAB', 'GLUCOSE')], identifier: [identifier('a')] }),
      sample('a2', { valueDate: 20230101090000, tags: [tag('LAB', 'IRON')] }),
    ],
  })
  second = await add(patient, {
    openingDate: 20230201120000,
    codes: [tag('ICPC', 'A01')],
    services: [sample('b', { valueDate: 20230201080000, tags: [tag('LAB', 'GLUCOSE')], codes: [tag('LOINC', '2')] })],
  })
  foreign = await add(other, {
    openingDate: 20230115120000,
    services: [sample('f', { valueDate: 20230115080000, tags: [tag('LAB', 'GLUCOSE')] })],
  })
})

const add = (person, contact) => addContact(person, person.id, contact, { autoShare: true })
const match = (filter, { sdk } = doctor) => sdk.contact.matchContactsBy(filter)
const found = async (filter, expected, person) => sameSet(await match(filter, person), ids(expected))
const services = (filter, { sdk } = doctor) => sdk.contact.matchServicesBy(filter)
const idOf = (contact, index = 0) => contact.services[index].id

describe('contacts are found', () => {
  it('all of them, by those who may read them', async () => {
    await found(ContactFilters.allContactsForSelf(), [first, second, third, foreign])
    await found(ContactFilters.allContactsForSelf(), [first, second, third], patient)
    await found(ContactFilters.allContactsForSelf(), [], stranger)
    await found(ContactFilters.allContactsForDataOwner(doctor.id), [first, second, third, foreign])
    await found(ContactFilters.allContactsForDataOwner(doctor.id), [], stranger)
  })

  it('by patient', async () => {
    const self = await doctor.sdk.patient.getPatient(patient.id)
    await found(ContactFilters.byPatientsForSelf([self]), [first, second, third])
    const both = [self, await doctor.sdk.patient.getPatient(other.id)]
    await found(ContactFilters.byPatientsForSelf(both), [first, second, third, foreign])
    await found(ContactFilters.byPatientsForDataOwner(doctor.id, [self]), [first, second, third])
  })

  it('by the secret ids of the patient, the way the patient itself asks', async () => {
    const self = await patient.sdk.patient.getPatient(patient.id)
    const secretIds = await patient.sdk.patient.getSecretIdsOf(self)
    await found(ContactFilters.byPatientsSecretIdsForSelf(secretIds), [first, second, third], patient)
    await found(ContactFilters.byPatientsSecretIdsForSelf(['unknown']), [], patient)
  })

  it('by their own tags and codes', async () => {
    await found(ContactFilters.byTagAndOpeningDateForSelf('STAY', { tagCode: 'DAY' }), [first])
    await found(ContactFilters.byTagAndOpeningDateForSelf('STAY'), [first, third])
    await found(ContactFilters.byCodeAndOpeningDateForSelf('ICPC', { codeCode: 'A01' }), [second])
    await found(ContactFilters.byCodeAndOpeningDateForSelf('ICPC', { codeCode: 'B99' }), [])
    const from = startOfContactOpeningDate => ({ tagCode: 'NIGHT', startOfContactOpeningDate })
    await found(ContactFilters.byTagAndOpeningDateForSelf('STAY', from(20230301120000)), [third])
    await found(ContactFilters.byTagAndOpeningDateForSelf('STAY', from(20230301120001)), [])
  })

  it('by tags and codes of their services', async () => {
    await found(ContactFilters.byServiceTagForSelf('LAB', { tagCode: 'IRON' }), [first])
    await found(ContactFilters.byServiceCodeForSelf('LOINC'), [second, third])
  })

  it('by identifiers', async () => {
    await found(ContactFilters.byIdentifiersForSelf([identifier('first'), identifier('none')]), [first])
  })

  it('by the services they hold', async () => {
    await found(ContactFilters.byServiceIds([idOf(first), idOf(foreign)]), [first, foreign])
    await found(ContactFilters.byServiceIds([idOf(first), idOf(foreign)]), [first], patient)
  })
})

describe('contacts come in order', () => {
  const ordered = async (options, expected, person = doctor) => {
    const self = await person.sdk.patient.getPatient(patient.id)
    const filter = ContactFilters.byPatientsOpeningDateForSelf([self], options)
    assert.deepEqual(await person.sdk.contact.matchContactsBySorted(filter), ids(expected))
  }

  it('of their opening dates', () => ordered(undefined, [first, second, third]))
  it('the latest first', () => ordered({ descending: true }, [third, second, first]))
  it('for the patient too', () => ordered({ descending: true }, [third, second, first], patient))
  // This client sends `from` as the end and `to` as the start of contacts, services and documents:
  // a server that wants to serve it takes two bounds in either order.
  it('between two dates, both included', async () => {
    await ordered({ from: 20230101120000, to: 20230201120000 }, [first, second])
    await ordered({ from: 20230101120001, to: 20230301115959 }, [second])
  })

  it('from a date on, or up to one, asked by hand', async () => {
    const raw = await rawLogin(server, doctor)
    const secretForeignKeys = first.secretForeignKeys
    const base = { $type: 'ContactByDataOwnerPatientOpeningDateFilter', dataOwnerId: doctor.id, secretForeignKeys }
    const matched = async range => (await raw.post('contact/match', { ...base, ...range })).json
    assert.deepEqual(await matched({ startDate: 20230201120000 }), ids([second, third]))
    assert.deepEqual(await matched({ endDate: 20230201120000, descending: true }), ids([second, first]))
    // a day given as the end includes the whole day
    assert.deepEqual(await matched({ startDate: 20230201, endDate: 20230301, descending: false }), ids([second, third]))
    assert.deepEqual(await matched({ startDate: 20230201, endDate: 20230228 }), ids([second]))
  })

  it('and stay in it when they are fetched', async () => {
    const self = await doctor.sdk.patient.getPatient(patient.id)
    const filter = ContactFilters.byPatientsOpeningDateForSelf([self], { descending: true })
    const contacts = await all(await doctor.sdk.contact.filterContactsBySorted(filter))
    assert.deepEqual(contacts.map(({ services }) => textOf(services[0])), ['c', 'b', 'a'])
  })
})

describe('services are found', () => {
  const glucose = options => ServiceFilters.byTagAndValueDateForSelf('LAB', { tagCode: 'GLUCOSE', ...options })

  it('all of them', async () => {
    const own = [idOf(first), idOf(first, 1), idOf(second), idOf(third)]
    sameSet(await services(ServiceFilters.allServicesForSelf(), patient), own)
    sameSet(await services(ServiceFilters.allServicesForSelf()), [...own, idOf(foreign)])
    sameSet(await services(ServiceFilters.allServicesForSelf(), stranger), [])
  })

  it('by tag and date, both ends included', async () => {
    sameSet(await services(glucose()), [idOf(first), idOf(second), idOf(third), idOf(foreign)])
    const range = { startOfServiceValueDate: 20230115080000, endOfServiceValueDate: 20230201080000 }
    sameSet(await services(glucose(range)), [idOf(foreign), idOf(second)])
    sameSet(await services(ServiceFilters.byTagAndValueDateForSelf('LAB', { tagCode: 'IRON' })), [idOf(first, 1)])
    sameSet(await services(ServiceFilters.byTagAndValueDateForSelf('NONE')), [])
  })

  it('from a day on, given without its time', async () => {
    const fromDay = { startOfServiceValueDate: 20230201 }
    sameSet(await services(glucose(fromDay)), [idOf(second), idOf(third)])
  })

  it('by code', async () => {
    sameSet(await services(ServiceFilters.byCodeAndValueDateForSelf('LOINC')), [idOf(second), idOf(third)])
    sameSet(await services(ServiceFilters.byCodeAndValueDateForSelf('LOINC', { codeCode: '2' })), [idOf(second)])
  })

  it('by patient, in the order of their dates', async () => {
    const self = await doctor.sdk.patient.getPatient(patient.id)
    const own = [idOf(first), idOf(first, 1), idOf(second), idOf(third)]
    sameSet(await services(ServiceFilters.byPatientsForSelf([self])), own)
    const sorted = options =>
      doctor.sdk.contact.matchServicesBySorted(ServiceFilters.byPatientsDateForSelf([self], options))
    assert.deepEqual(await sorted(), own)
    assert.deepEqual(await sorted({ descending: true }), own.toReversed())
    assert.deepEqual(await sorted({ from: 20230101083000, to: 20230201080000 }), [idOf(first, 1), idOf(second)])
  })

  it('by identifiers and by ids', async () => {
    sameSet(await services(ServiceFilters.byIdentifiersForSelf([identifier('a')])), [idOf(first)])
    sameSet(await services(ServiceFilters.byIds([idOf(second), idOf(foreign)])), [idOf(second), idOf(foreign)])
    sameSet(await services(ServiceFilters.byIds([idOf(second), idOf(foreign)]), patient), [idOf(second)])
  })

  it('by combinations', async () => {
    const iron = ServiceFilters.byTagAndValueDateForSelf('LAB', { tagCode: 'IRON' })
    const loinc = ServiceFilters.byCodeAndValueDateForSelf('LOINC')
    sameSet(await services(union(iron, loinc)), [idOf(first, 1), idOf(second), idOf(third)])
    sameSet(await services(intersection(glucose(), loinc)), [idOf(second), idOf(third)])
  })
})

// Filters on everything else that is encrypted: health elements, documents, access logs, messages, topics, tasks.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DecryptedMaintenanceTask,
  DecryptedMessage,
  DecryptedTopic,
  DocumentFilters,
  HealthElementFilters,
  Identifier,
  MaintenanceTaskFilters,
  MessageFilters,
  TopicFilters,
  TopicRole,
  intersection,
  randomUuid,
  union,
} from '@icure/cardinal-sdk'
import { ids, sameSet } from './lib/expect.mjs'
import { newHcp, newPatient } from './lib/people.mjs'
import { rawLogin } from './lib/raw.mjs'
import { addDocument, addHealthElement, readers, tag } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'

const identifier = value => new Identifier({ id: value, system: 'urn:test', value })

let doctor, colleague, patient, self
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  colleague = await newHcp(server, { firstName: 'Mirri', lastName: 'Maz' })
  patient = await newPatient(server, { sharingWith: [doctor.id] })
  self = await doctor.sdk.patient.getPatient(patient.id)
})

describe('health elements are found', () => {
  let late, early, middle
  const add = element => addHealthElement(patient, patient.id, element, { autoShare: true })
  const match = (filter, { sdk } = doctor) => sdk.healthElement.matchHealthElementsBy(filter)
  const found = async (filter, expected, person) => sameSet(await match(filter, person), ids(expected))

  it('all of them', async () => {
    late = await add({ openingDate: 20230301000000, codes: [tag('ICD', 'B01')], status: 2 })
    early = await add({ openingDate: 20230101000000, codes: [tag('ICD', 'A01')], tags: [tag('CHRONIC', 'YES')] })
    middle = await add({ openingDate: 20230201000000, identifiers: [identifier('middle')] })
    await found(HealthElementFilters.allHealthElementsForSelf(), [early, middle, late])
    await found(HealthElementFilters.allHealthElementsForSelf(), [early, middle, late], patient)
    await found(HealthElementFilters.allHealthElementsForSelf(), [], colleague)
  })

  it('by code, tag, identifier, status and id', async () => {
    await found(HealthElementFilters.byCodeForSelf('ICD', { codeCode: 'A01' }), [early])
    await found(HealthElementFilters.byCodeForSelf('ICD', { codeCode: 'C01' }), [])
    await found(HealthElementFilters.byTagForSelf('CHRONIC', { tagCode: 'YES' }), [early])
    await found(HealthElementFilters.byIdentifiersForSelf([identifier('middle')]), [middle])
    await found(HealthElementFilters.byIds([late.id, randomUuid()]), [late])
    await found(HealthElementFilters.byIds([late.id]), [], colleague)
  })

  it('by patient, in the order of their dates', async () => {
    await found(HealthElementFilters.byPatientsForSelf([self]), [early, middle, late])
    const sorted = options =>
      doctor.sdk.healthElement.matchHealthElementsBySorted(
        HealthElementFilters.byPatientsOpeningDateForSelf([self], options),
      )
    assert.deepEqual(await sorted(), ids([early, middle, late]))
    assert.deepEqual(await sorted({ descending: true }), ids([late, middle, early]))
    assert.deepEqual(await sorted({ from: 20230201000000 }), ids([middle, late]))
    assert.deepEqual(await sorted({ from: 20230101000000, to: 20230201000000 }), ids([early, middle]))
  })

  it('by combinations', async () => {
    const [chronic, b] = [
      HealthElementFilters.byTagForSelf('CHRONIC', { tagCode: 'YES' }),
      HealthElementFilters.byCodeForSelf('ICD', { codeCode: 'B01' }),
    ]
    await found(union(chronic, b), [early, late])
    await found(intersection(chronic, b), [])
  })
})

describe('documents are found', () => {
  // Documents made by this client have no parent patient, so the filter has to find none of them.
  it('only for the patient they belong to', async () => {
    const document = await addDocument(doctor, { name: 'letter' })
    assert.deepEqual(document.secretForeignKeys, [])
    const [secret] = await doctor.sdk.patient.getSecretIdsOf(self)
    const filter = DocumentFilters.byPatientSecretIdsCreatedForDataOwner(doctor.id, [secret])
    assert.deepEqual(await doctor.sdk.document.matchDocumentsBy(filter), [])
  })

  it('by patient and date of creation, asked by hand', async () => {
    const raw = await rawLogin(server, doctor)
    const secret = randomUuid()
    const made = []
    for (const created of [3000, 1000, 2000]) {
      const document = await addDocument(doctor, { name: `at ${created}` })
      const stored = await raw.read(`document/${document.id}`)
      const changed = await raw.put('document', { ...stored, created, secretForeignKeys: [secret] })
      assert.equal(changed.status, 200)
      made.push(document.id)
    }
    const [third, first, second] = made
    const base = { $type: 'DocumentByDataOwnerPatientDateFilter', dataOwnerId: doctor.id, secretPatientKeys: [secret] }
    const matched = async more => (await raw.post('document/match', { ...base, ...more })).json
    assert.deepEqual(await matched({}), [first, second, third])
    assert.deepEqual(await matched({ descending: true }), [third, second, first])
    assert.deepEqual(await matched({ startDate: 2000 }), [second, third])
    assert.deepEqual(await matched({ startDate: 2000, endDate: 1000 }), [first, second], 'as this client sends a range')
    const other = await rawLogin(server, colleague)
    assert.deepEqual((await other.post('document/match', base)).json, [])
  })
})

describe('messages and topics are found', () => {
  it('all messages of a data owner', async () => {
    const whole = new DecryptedMessage({ subject: 'hello', transportGuid: 'raven' })
    const ready = await doctor.sdk.message.withEncryptionMetadata(whole, undefined, { delegates: readers(colleague.id) })
    const message = await doctor.sdk.message.createMessage(ready)
    for (const { sdk, id } of [doctor, colleague]) {
      assert.deepEqual(await sdk.message.matchMessagesBy(MessageFilters.allMessagesForSelf()), [message.id])
      assert.deepEqual(await sdk.message.matchMessagesBy(MessageFilters.allMessagesForDataOwner(id)), [message.id])
    }
    assert.deepEqual(await patient.sdk.message.matchMessagesBy(MessageFilters.allMessagesForSelf()), [])
  })

  it('topics of a data owner, and by participant', async () => {
    const activeParticipants = { [doctor.id]: TopicRole.Owner, [colleague.id]: TopicRole.Participant }
    const whole = new DecryptedTopic({ description: 'case', activeParticipants })
    const ready = await doctor.sdk.topic.withEncryptionMetadata(whole, undefined, { delegates: readers(colleague.id) })
    const topic = await doctor.sdk.topic.createTopic(ready)
    for (const { sdk, id } of [doctor, colleague]) {
      assert.deepEqual(await sdk.topic.matchTopicsBy(TopicFilters.allTopicsForSelf()), [topic.id])
      assert.deepEqual(await sdk.topic.matchTopicsBy(TopicFilters.byParticipant(id)), [topic.id])
    }
    assert.deepEqual(await doctor.sdk.topic.matchTopicsBy(TopicFilters.byParticipant(patient.id)), [])
  })
})

describe('maintenance tasks are found', () => {
  it('by identifiers, type, date and id, and by all of these together', async () => {
    const add = async task => {
      const whole = new DecryptedMaintenanceTask(task)
      const ready = await patient.sdk.maintenanceTask.withEncryptionMetadata(whole, { delegates: readers(doctor.id) })
      return patient.sdk.maintenanceTask.createMaintenanceTask(ready)
    }
    const a = await add({ taskType: 'A', identifier: [identifier('a')], created: 1000 })
    const b = await add({ taskType: 'B', created: 2000 })
    const found = async (filter, expected) =>
      sameSet(await doctor.sdk.maintenanceTask.matchMaintenanceTasksBy(filter), ids(expected))

    await found(MaintenanceTaskFilters.byIdentifiersForSelf([identifier('a')]), [a])
    await found(MaintenanceTaskFilters.byTypeForSelf('B'), [b])
    await found(MaintenanceTaskFilters.byIds([a.id, randomUuid()]), [a])
    await found(MaintenanceTaskFilters.afterDateForSelf(999), [a, b])
    await found(MaintenanceTaskFilters.afterDateForSelf(1000), [b])
    await found(intersection(MaintenanceTaskFilters.byTypeForSelf('A'), MaintenanceTaskFilters.afterDateForSelf(0)), [a])
    await found(union(MaintenanceTaskFilters.byTypeForSelf('A'), MaintenanceTaskFilters.byTypeForSelf('B')), [a, b])
    await found(MaintenanceTaskFilters.byTypeForDataOwner(doctor.id, 'A'), [a])
  })
})

// F2: messages, topics with participants, and maintenance tasks.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DecryptedMaintenanceTask,
  DecryptedMessage,
  DecryptedPropertyStub,
  DecryptedTopic,
  DecryptedTypedValue,
  MaintenanceTaskFilters,
  PropertyTypeStub,
  TaskStatus,
  TopicFilters,
  TopicRole,
  TypedValuesType,
} from '@icure/cardinal-sdk'
import { hides, ids, refused, sameSet } from './lib/expect.mjs'
import { newHcp, newPatient } from './lib/people.mjs'
import { rawSession } from './lib/raw.mjs'
import { readers, secretText } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'

let doctor, colleague, stranger, patient
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  colleague = await newHcp(server, { firstName: 'Samwell', lastName: 'Tarly' })
  stranger = await newHcp(server, { firstName: 'Meryn', lastName: 'Trant' })
  patient = await newPatient(server, { sharingWith: [doctor.id] })
})

async function addMessage({ sdk }, message, sharedWith = []) {
  const whole = new DecryptedMessage({ subject: 'hello', ...message })
  const ready = await sdk.message.withEncryptionMetadata(whole, undefined, { delegates: readers(sharedWith) })
  return sdk.message.createMessage(ready)
}

describe('a message', () => {
  it('is read by its recipient only', async () => {
    const subject = secretText()
    const message = await addMessage(doctor, { subject, transportGuid: 'guid', sent: 1000 }, [colleague.id])
    const found = await colleague.sdk.message.getMessage(message.id)
    assert.deepEqual([found.subject, found.transportGuid, found.sent], [subject, 'guid', 1000])
    const raw = await rawSession(server, () => colleague.sdk.message.getMessage(message.id))
    hides((await raw.get(`message/${message.id}`)).text, subject)
    await refused([403, 404], () => stranger.sdk.message.getMessage(message.id))
  })

  it('goes from a patient to the doctor', async () => {
    const message = await addMessage(patient, { subject: 'it hurts' }, [doctor.id])
    assert.equal((await doctor.sdk.message.getMessage(message.id)).subject, 'it hurts')
  })

  it('is marked as read, by whom and when', async () => {
    const message = await addMessage(doctor, {}, [colleague.id])
    const [read] = await colleague.sdk.message.setMessagesReadStatus([message.id], 1234, true, colleague.userId)
    assert.equal(read.id, message.id)
    const { readStatus } = await doctor.sdk.message.getMessage(message.id)
    assert.deepEqual(Object.keys(readStatus), [colleague.userId])
    assert.deepEqual([readStatus[colleague.userId].read, readStatus[colleague.userId].time], [true, 1234])
  })

  it('is modified with its revision, and deleted', async () => {
    const message = await addMessage(doctor, {}, [colleague.id])
    const saved = await doctor.sdk.message.modifyMessage(new DecryptedMessage({ ...message, subject: 'corrected' }))
    assert.equal((await colleague.sdk.message.getMessage(message.id)).subject, 'corrected')
    await refused(409, () => doctor.sdk.message.modifyMessage(new DecryptedMessage({ ...message })))
    await doctor.sdk.message.deleteMessageById(message.id, saved.rev)
    assert.deepEqual(await colleague.sdk.message.getMessages([message.id]), [])
  })
})

describe('a topic', () => {
  const addTopic = async topic => {
    const { sdk } = doctor
    const activeParticipants = { [doctor.id]: TopicRole.Owner }
    const whole = new DecryptedTopic({ activeParticipants, ...topic })
    return sdk.topic.createTopic(await sdk.topic.withEncryptionMetadata(whole, undefined))
  }

  /** A participant is named on the topic, and gets the key to it. */
  const join = async topic => {
    const joined = await doctor.sdk.topic.addParticipant(topic.id, colleague.id, TopicRole.Participant)
    return doctor.sdk.topic.shareWith(colleague.id, joined)
  }

  it('takes participants, who may then read it', async () => {
    const description = secretText()
    const topic = await addTopic({ description })
    await refused([403, 404], () => colleague.sdk.topic.getTopic(topic.id))

    const joined = await join(topic)
    assert.equal(joined.activeParticipants[colleague.id], 'Participant')
    const found = await colleague.sdk.topic.getTopic(topic.id)
    assert.equal(found.description, description)
    assert.equal(found.activeParticipants[doctor.id], 'Owner')
    const raw = await rawSession(server, () => colleague.sdk.topic.getTopic(topic.id))
    hides((await raw.get(`topic/${topic.id}`)).text, description)
  })

  it('is found by its participants', async () => {
    const topic = await addTopic({ description: 'ravens' })
    const byParticipant = id => doctor.sdk.topic.matchTopicsBy(TopicFilters.byParticipant(id))
    assert.ok(!(await byParticipant(colleague.id)).includes(topic.id))
    await join(topic)
    assert.ok((await byParticipant(colleague.id)).includes(topic.id))
    assert.ok((await colleague.sdk.topic.matchTopicsBy(TopicFilters.allTopicsForSelf())).includes(topic.id))
    assert.ok(!(await stranger.sdk.topic.matchTopicsBy(TopicFilters.allTopicsForSelf())).includes(topic.id))
  })

  it('loses a participant', async () => {
    const topic = await addTopic({ description: 'quarrel' })
    await doctor.sdk.topic.addParticipant(topic.id, colleague.id, TopicRole.Participant)
    const left = await doctor.sdk.topic.removeParticipant(topic.id, colleague.id)
    assert.deepEqual(Object.keys(left.activeParticipants), [doctor.id])
  })

  it('carries messages', async () => {
    const topic = await addTopic({ description: 'case 7' })
    await join(topic)
    const { sdk } = doctor
    const whole = new DecryptedMessage({ subject: 'first result', transportGuid: topic.id })
    const ready = await sdk.message.withEncryptionMetadata(whole, undefined, { delegates: readers(colleague.id) })
    const message = await sdk.message.createMessageInTopic(ready)
    const found = await colleague.sdk.message.getMessage(message.id)
    assert.deepEqual([found.subject, found.transportGuid], ['first result', topic.id])
  })
})

describe('a maintenance task', () => {
  const property = (id, value) =>
    new DecryptedPropertyStub({
      id,
      type: new PropertyTypeStub({ identifier: id, type: TypedValuesType.String }),
      typedValue: new DecryptedTypedValue({ type: TypedValuesType.String, stringValue: value }),
    })

  async function addTask({ sdk }, task, sharedWith) {
    const whole = new DecryptedMaintenanceTask({ taskType: 'CALL_BACK', ...task })
    const ready = await sdk.maintenanceTask.withEncryptionMetadata(whole, { delegates: readers(sharedWith) })
    return sdk.maintenanceTask.createMaintenanceTask(ready)
  }

  it('goes from the patient to the doctor, who completes it', async () => {
    const reason = secretText()
    const task = await addTask(patient, { properties: [property('reason', reason)] }, doctor.id)
    const found = await doctor.sdk.maintenanceTask.getMaintenanceTask(task.id)
    assert.equal(found.status, 'Pending', 'the status that a client leaves out')
    assert.equal(found.properties[0].typedValue.stringValue, reason)
    const raw = await rawSession(server, () => doctor.sdk.maintenanceTask.getMaintenanceTask(task.id))
    hides((await raw.get(`maintenancetask/${task.id}`)).text, reason)

    const completed = new DecryptedMaintenanceTask({ ...found, status: TaskStatus.Completed })
    await doctor.sdk.maintenanceTask.modifyMaintenanceTask(completed)
    assert.equal((await patient.sdk.maintenanceTask.getMaintenanceTask(task.id)).status, 'Completed')
    await refused(409, () => doctor.sdk.maintenanceTask.modifyMaintenanceTask(completed))
    await refused([403, 404], () => stranger.sdk.maintenanceTask.getMaintenanceTask(task.id))
  })

  it('is found by type and by date of creation', async () => {
    const task = await addTask(patient, { taskType: 'RARE' }, doctor.id)
    const match = filter => doctor.sdk.maintenanceTask.matchMaintenanceTasksBy(filter)
    assert.deepEqual(await match(MaintenanceTaskFilters.byTypeForSelf('RARE')), [task.id])
    assert.deepEqual(await match(MaintenanceTaskFilters.byTypeForSelf('OTHER')), [])
    assert.ok((await match(MaintenanceTaskFilters.afterDateForSelf(task.created - 1))).includes(task.id))
    assert.ok(!(await match(MaintenanceTaskFilters.afterDateForSelf(task.created))).includes(task.id))
    const rare = MaintenanceTaskFilters.byTypeForSelf('RARE')
    assert.deepEqual(await patient.sdk.maintenanceTask.matchMaintenanceTasksBy(rare), [task.id])
    assert.deepEqual(await stranger.sdk.maintenanceTask.matchMaintenanceTasksBy(rare), [])
  })

  it('is deleted and restored', async () => {
    const task = await addTask(patient, {}, doctor.id)
    const gone = await patient.sdk.maintenanceTask.deleteMaintenanceTaskById(task.id, task.rev)
    assert.deepEqual(await doctor.sdk.maintenanceTask.getMaintenanceTasks([task.id]), [])
    await patient.sdk.maintenanceTask.undeleteMaintenanceTaskById(task.id, gone.rev)
    sameSet(ids(await doctor.sdk.maintenanceTask.getMaintenanceTasks([task.id])), [task.id])
  })
})

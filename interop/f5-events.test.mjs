// F5: events over web sockets.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  ContactFilters,
  DecryptedMaintenanceTask,
  EntitySubscriptionConfiguration,
  HealthcarePartyFilters,
  HealthElementFilters,
  MaintenanceTaskFilters,
  PatientFilters,
  ServiceFilters,
  SubscriptionEventType,
  TaskStatus,
} from '@icure/cardinal-sdk'
import WebSocket from 'ws'
import { all } from './lib/expect.mjs'
import { byCode, newHcp, newPatient, signIn } from './lib/people.mjs'
import { login } from './lib/raw.mjs'
import { addContact, addHealthElement, addPatient, readers, sample } from './lib/records.mjs'
import { Relay } from './lib/relay.mjs'
import { useServer } from './lib/server.mjs'

const { Create, Update } = SubscriptionEventType
const LONG = 10_000
/** Long enough for an event that must not come to have come. */
const SHORT = 400

let doctor, colleague, patient
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  colleague = await newHcp(server, { firstName: 'Barristan' })
  patient = await newPatient(server, { sharingWith: [doctor.id] })
})

const kindOf = event => event?.$ktClass.split('EntitySubscriptionEvent.')[1]

/** The next entity that a subscription tells of, or undefined. */
async function next(subscription, timeout = LONG) {
  for (;;) {
    const event = await subscription.waitForEvent(timeout)
    if (!event) return undefined
    if (kindOf(event) === 'EntityNotification') return event.entity
    assert.notEqual(kindOf(event), 'EntityError.DeserializationError')
  }
}

/** Waits until the subscription holds: it tells of what `probe` makes. */
async function holds(subscription, probe) {
  const made = await probe()
  const told = await next(subscription)
  assert.equal(told?.id, made.id)
}

async function addTask({ sdk }, type, sharedWith = []) {
  const task = new DecryptedMaintenanceTask({ taskType: type })
  return sdk.maintenanceTask.createMaintenanceTask(
    await sdk.maintenanceTask.withEncryptionMetadata(task, { delegates: readers(sharedWith) }),
  )
}

describe('a subscription', () => {
  it('tells of new and changed entities that match and that may be read', async () => {
    const filter = MaintenanceTaskFilters.byTypeForSelf('WATCHED')
    const subscription = await doctor.sdk.maintenanceTask.subscribeToEvents([Create, Update], filter)
    const one = await addTask(doctor, 'WATCHED')
    assert.equal((await next(subscription)).id, one.id)
    const two = await addTask(colleague, 'WATCHED', [doctor.id])
    assert.equal((await next(subscription)).id, two.id)

    await addTask(doctor, 'OTHER')
    await addTask(colleague, 'WATCHED')
    const changed = await doctor.sdk.maintenanceTask.modifyMaintenanceTask(
      new DecryptedMaintenanceTask({ ...one, status: TaskStatus.Ongoing }),
    )
    const told = await next(subscription)
    assert.deepEqual([told.id, told.rev, told.status], [one.id, changed.rev, TaskStatus.Ongoing])
    await subscription.close()
    assert.equal(subscription.closeReason, 'IntentionallyClosed')
  })

  it('asks for some kinds of change only', async () => {
    const filter = MaintenanceTaskFilters.byTypeForSelf('CHANGES')
    const subscription = await doctor.sdk.maintenanceTask.subscribeToEvents([Update], filter)
    const task = await addTask(doctor, 'CHANGES')
    await doctor.sdk.maintenanceTask.modifyMaintenanceTask(new DecryptedMaintenanceTask({ ...task, status: TaskStatus.Ongoing }))
    assert.equal((await next(subscription)).status, TaskStatus.Ongoing)
    await subscription.close()
  })

  it('tells of what is shared, once it is shared', async () => {
    const filter = HealthElementFilters.allHealthElementsForSelf()
    const subscription = await colleague.sdk.healthElement.subscribeToEvents([Create, Update], filter)
    const element = await addHealthElement(doctor, await addPatient(doctor), { descr: 'asthma' })
    await doctor.sdk.healthElement.shareWith(colleague.id, element)
    const told = await next(subscription)
    assert.equal(told.id, element.id)
    assert.equal((await colleague.sdk.healthElement.decrypt(told)).descr, 'asthma')
    await subscription.close()
  })

  it('tells a patient, whose id stands nowhere in clear', async () => {
    // she has to have asked for contacts since the doctor first shared one with her
    await addContact(doctor, patient.id, { descr: 'the first' }, { sharedWith: [patient.id] })
    const { process, address, device } = { ...patient, process: 'patient-email' }
    const sdk = await byCode(server, { process, address, device })
    await all(await sdk.contact.filterContactsBy(ContactFilters.allContactsForSelf()))
    const subscription = await sdk.contact.subscribeToEvents([Create], ContactFilters.allContactsForSelf())
    const contact = await addContact(doctor, patient.id, { descr: 'for her' }, { sharedWith: [patient.id] })
    const told = await next(subscription)
    assert.equal(told.id, contact.id)
    assert.equal((await sdk.contact.decrypt(told)).descr, 'for her')
    await addContact(doctor, await addPatient(doctor), { descr: 'not for her' })
    assert.equal(await next(subscription, SHORT), undefined)
    await subscription.close()
  })

  it('tells of services: those that are new or changed', async () => {
    const subscription = await doctor.sdk.contact.subscribeToServiceCreateOrUpdateEvents(
      ServiceFilters.byTagAndValueDateForSelf('IC-TEST', { tagCode: 'TEST' }),
    )
    const services = [sample('first'), sample('second'), sample('without the tag', { tags: [] })]
    const contact = await addContact(doctor, patient.id, { services })
    const told = [await next(subscription), await next(subscription)]
    assert.deepEqual(told.map(({ id }) => id), contact.services.slice(0, 2).map(({ id }) => id))
    assert.equal(told[0].contactId, contact.id)
    assert.ok(told[0].securityMetadata)

    const [first, second, third] = contact.services
    first.label = 'changed'
    await doctor.sdk.contact.modifyContact({ ...contact, services: [first, second, third] })
    const changed = await next(subscription)
    assert.deepEqual([changed.id, changed.label], [first.id, 'changed'])
    assert.equal(await next(subscription, SHORT), undefined)
    await subscription.close()
  })

  it('tells of patients and healthcare parties', async () => {
    const patients = await doctor.sdk.patient.subscribeToEvents([Create, Update], PatientFilters.allPatientsForSelf())
    const parties = await doctor.sdk.healthcareParty.subscribeToEvents(
      [Create, Update], HealthcarePartyFilters.all(),
    )
    await holds(patients, () => addPatient(doctor))
    const own = await doctor.sdk.healthcareParty.getCurrentHealthcareParty()
    await holds(parties, () => doctor.sdk.healthcareParty.modifyHealthcareParty({ ...own, speciality: 'hearts' }))
    await patients.close()
    await parties.close()
  })
})

describe('a broken connection', () => {
  const relay = new Relay()
  before(() => relay.start(server.base))
  after(() => relay.stop())

  it('goes on where it was, though the client does not subscribe again', async () => {
    const sdk = await signIn({ ...server, base: relay.url }, { ...doctor, secret: doctor.password })
    const subscriptionConfig = new EntitySubscriptionConfiguration({ reconnectionDelay: 200 })
    const filter = MaintenanceTaskFilters.byTypeForSelf('BROKEN')
    const subscription = await sdk.maintenanceTask.subscribeToEvents([Create], filter, { subscriptionConfig })
    await holds(subscription, () => addTask(doctor, 'BROKEN'))
    assert.ok(relay.cut() > 0)
    // not even what happens meanwhile is lost
    const meanwhile = await addTask(doctor, 'BROKEN')
    assert.equal((await next(subscription)).id, meanwhile.id)
    await holds(subscription, () => addTask(doctor, 'BROKEN'))
    await subscription.close()
  })
})

describe('a socket by hand', () => {
  const open = (path, headers = {}, protocols = []) =>
    new WebSocket(`${server.base.replace('http', 'ws')}${path}`, protocols, { headers })
  const PATH = '/ws/v2/notification/subscribe'
  const task = {
    eventTypes: ['CREATE', 'DELETE'],
    entityClass: 'org.taktik.icure.entities.MaintenanceTask',
    filter: { filter: { $type: 'MaintenanceTaskByHcPartyAndTypeFilter', type: 'HAND' }, predicate: null },
  }

  const outcome = socket =>
    new Promise(done => {
      const texts = []
      socket.on('message', data => {
        texts.push(String(data))
        if (socket.enough?.(texts)) socket.close(1000)
      })
      socket.on('error', error => done({ error: error.message, texts }))
      socket.on('close', (code, reason) => done({ code, reason: String(reason), texts }))
    })
  const bearer = async () => (await login(server, doctor.login, doctor.password)).json.token

  it('needs a session', async () => {
    for (const [path, headers] of [
      [PATH, {}],
      [PATH, { authorization: 'Bearer no.such.token' }],
      [`${PATH}?jwt=no`, {}],
      [`${PATH};tokenid=no`, {}],
    ]) {
      assert.match((await outcome(open(path, headers))).error, /401/)
    }
  })

  it('refuses what is no subscription, and says why', async () => {
    for (const [message, reason] of [
      ['{', /body/],
      ['{}', /entityClass/],
      [JSON.stringify({ ...task, entityClass: 'org.taktik.icure.entities.ExchangeData' }), /entityClass/],
      [JSON.stringify({ ...task, eventTypes: ['READ'] }), /eventTypes/],
      [JSON.stringify({ ...task, filter: { filter: { $type: 'NoSuchFilter' } } }), /filter/],
      [JSON.stringify({ ...task, accessControlKeys: ['no'] }), /accessControlKeys/],
    ]) {
      const socket = open(PATH, { authorization: `Bearer ${await bearer()}` })
      socket.on('open', () => socket.send(message))
      const { code, reason: said } = await outcome(socket)
      assert.equal(code, 1008)
      assert.match(said, reason)
    }
  })

  it('opens with the token in the address, or with a token for one socket', async () => {
    const jwt = await bearer()
    const answer = await fetch(`${server.base}/rest/v2/auth/token/GET/ws/v2/notification/subscribe`, {
      headers: { authorization: `Bearer ${jwt}` },
    })
    const once = await answer.text()
    for (const path of [`${PATH}?jwt=${jwt}`, `${PATH};tokenid=${once}`]) {
      const socket = open(path, {}, ['keystead.events.v1'])
      socket.on('open', () => socket.send(JSON.stringify(task)))
      socket.enough = texts => texts.length === 1
      assert.deepEqual((await outcome(socket)).texts, ['{"subscribed":true}'])
    }
    assert.match((await outcome(open(`${PATH};tokenid=${once}`))).error, /401/)
  })

  it('is told of deletions, in an envelope if it likes', async () => {
    const socket = open(PATH, { authorization: `Bearer ${await bearer()}` }, ['keystead.events.v1'])
    const ended = outcome(socket)
    let acknowledged
    const ready = new Promise(done => (acknowledged = done))
    socket.enough = texts => {
      acknowledged()
      return texts.length === 3
    }
    socket.on('open', () => socket.send(JSON.stringify(task)))
    await ready
    const made = await addTask(doctor, 'HAND')
    await doctor.sdk.maintenanceTask.deleteMaintenanceTask(made)
    const events = (await ended).texts.slice(1).map(text => JSON.parse(text))
    assert.deepEqual(events.map(({ event }) => event), ['CREATE', 'DELETE'])
    assert.deepEqual(events.map(({ entity }) => entity.id), [made.id, made.id])
    assert.ok(events[1].entity.deletionDate)
  })

  it('ends with the session', { timeout: 30_000 }, async () => {
    const jwt = await bearer()
    const socket = open(PATH, { authorization: `Bearer ${jwt}` })
    const ended = outcome(socket)
    await new Promise(done => socket.on('open', done))
    socket.send(JSON.stringify(task))
    const logout = await fetch(`${server.base}/rest/v2/auth/logout`, {
      method: 'POST',
      headers: { authorization: `Bearer ${jwt}` },
    })
    assert.equal(logout.status, 200)
    const { code, reason } = await ended
    assert.equal(code, 1008)
    assert.match(reason, /session/)
  })
})

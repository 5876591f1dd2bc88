// F2: health elements, access logs and forms: the other children of a patient.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AccessLogFilters,
  DecryptedAccessLog,
  DecryptedForm,
  DecryptedHealthElement,
  FormFilters,
} from '@icure/cardinal-sdk'
import { hides, ids, refused, sameSet } from './lib/expect.mjs'
import { newHcp, newPatient } from './lib/people.mjs'
import { rawSession } from './lib/raw.mjs'
import { addHealthElement, secretText, tag } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'

let doctor, stranger, patient
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  stranger = await newHcp(server, { firstName: 'Walder', lastName: 'Frey' })
  patient = await newPatient(server, { sharingWith: [doctor.id] })
})

const both = { autoShare: true }
const add = (element, options = both) => addHealthElement(patient, patient.id, element, options)

describe('a health element', () => {
  it('is encrypted, and read by the doctor it was shared with', async () => {
    const [descr, note] = [secretText(), secretText()]
    const element = await add({ descr, note, openingDate: 20230101000000, tags: [tag('IC-TEST', 'HE')] })
    const found = await doctor.sdk.healthElement.getHealthElement(element.id)
    assert.deepEqual([found.descr, found.note, found.openingDate], [descr, note, 20230101000000])
    assert.deepEqual([found.relevant, found.status], [true, 0], 'values left out by the client have their defaults')
    assert.deepEqual(await doctor.sdk.healthElement.decryptPatientIdOf(found), [patient.id])

    const raw = await rawSession(server, () => doctor.sdk.healthElement.getHealthElement(element.id))
    hides((await raw.get(`helement/${element.id}`)).text, descr, note)
    await refused([403, 404], () => stranger.sdk.healthElement.getHealthElement(element.id))
  })

  it('is modified, and a stale revision is refused', async () => {
    const element = await add({ descr: 'cough' })
    const saved = await patient.sdk.healthElement.modifyHealthElement(
      new DecryptedHealthElement({ ...element, descr: 'pneumonia', status: 3, relevant: false }),
    )
    assert.deepEqual([saved.descr, saved.status, saved.relevant], ['pneumonia', 3, false])
    const again = await doctor.sdk.healthElement.getHealthElement(element.id)
    assert.deepEqual([again.rev, again.descr, again.status, again.relevant], [saved.rev, 'pneumonia', 3, false])
    await refused(409, () => patient.sdk.healthElement.modifyHealthElement(new DecryptedHealthElement({ ...element })))
  })

  it('is deleted, restored and purged', async () => {
    const element = await add({ descr: 'a scar' })
    const gone = await patient.sdk.healthElement.deleteHealthElement(element)
    assert.notEqual(gone.rev, element.rev)
    assert.deepEqual(await doctor.sdk.healthElement.getHealthElements([element.id]), [])

    await refused(409, () => patient.sdk.healthElement.undeleteHealthElementById(element.id, element.rev))
    const back = await patient.sdk.healthElement.undeleteHealthElementById(element.id, gone.rev)
    assert.deepEqual([back.descr, back.deletionDate], ['a scar', undefined])
    assert.deepEqual(ids(await doctor.sdk.healthElement.getHealthElements([element.id])), [element.id])

    await patient.sdk.healthElement.purgeHealthElementById(element.id, back.rev)
    await refused(404, () => patient.sdk.healthElement.getHealthElement(element.id))
    await refused(404, () => patient.sdk.healthElement.undeleteHealthElementById(element.id, back.rev))
  })

  it('is deleted without a revision when the application insists', async () => {
    const element = await add({ descr: 'gone' })
    const gone = await patient.sdk.healthElement.deleteHealthElementUnsafe(element.id)
    assert.equal(gone.id, element.id)
    assert.deepEqual(await patient.sdk.healthElement.getHealthElements([element.id]), [])
  })

  it('is not purged by somebody who cannot see it', async () => {
    const element = await add({ descr: 'mine' })
    await refused([403, 404], () => stranger.sdk.healthElement.purgeHealthElementById(element.id, element.rev))
    assert.equal((await patient.sdk.healthElement.getHealthElement(element.id)).descr, 'mine')
  })

  it('comes in batches', async () => {
    const self = await patient.sdk.patient.getPatient(patient.id)
    const drafts = []
    for (const descr of ['one', 'two']) {
      drafts.push(await patient.sdk.healthElement.withEncryptionMetadata(new DecryptedHealthElement({ descr }), self))
    }
    const made = await patient.sdk.healthElement.createHealthElements(drafts)
    sameSet(made.map(({ descr }) => descr), ['one', 'two'])
    const changed = made.map(element => new DecryptedHealthElement({ ...element, descr: `${element.descr}!` }))
    sameSet((await patient.sdk.healthElement.modifyHealthElements(changed)).map(({ descr }) => descr), ['one!', 'two!'])
  })
})

describe('an access log', () => {
  const add = async (log, { sdk } = patient) => {
    const self = await sdk.patient.getPatient(patient.id)
    const user = await sdk.user.getCurrentUser()
    const whole = new DecryptedAccessLog({ accessType: 'USER_ACCESS', date: Date.now(), ...log })
    return sdk.accessLog.createAccessLog(await sdk.accessLog.withEncryptionMetadata(whole, self, { user }))
  }

  it('keeps its details and its object to its readers', async () => {
    const [detail, objectId] = [secretText(), secretText()]
    const log = await add({ detail, objectId, date: 1679997673343 })
    const found = await doctor.sdk.accessLog.getAccessLog(log.id)
    assert.deepEqual([found.detail, found.objectId, found.date], [detail, objectId, 1679997673343])
    assert.equal(found.accessType, 'USER_ACCESS')
    const raw = await rawSession(server, () => doctor.sdk.accessLog.getAccessLog(log.id))
    hides((await raw.get(`accesslog/${log.id}`)).text, detail, objectId)
    await refused([403, 404], () => stranger.sdk.accessLog.getAccessLog(log.id))
  })

  it('is listed by date for one patient', async () => {
    const before = 1_500_000_000_000
    const [late, early] = [await add({ date: before + 20 }), await add({ date: before + 10 })]
    await add({ date: before + 99 })
    const self = await doctor.sdk.patient.getPatient(patient.id)
    const range = { from: before, to: before + 20 }
    const matched = options =>
      doctor.sdk.accessLog.matchAccessLogsBySorted(AccessLogFilters.byPatientsDateForSelf([self], options))
    assert.deepEqual(await matched(range), [early.id, late.id])
    assert.deepEqual(await matched({ ...range, descending: true }), [late.id, early.id])
  })

  it('is deleted', async () => {
    const log = await add({})
    await patient.sdk.accessLog.deleteAccessLogById(log.id, log.rev)
    assert.deepEqual(await patient.sdk.accessLog.getAccessLogs([log.id]), [])
  })
})

describe('a form', () => {
  const add = async form => {
    const self = await patient.sdk.patient.getPatient(patient.id)
    const user = await patient.sdk.user.getCurrentUser()
    const whole = new DecryptedForm({ openingDate: 20230101000000, ...form })
    return patient.sdk.form.createForm(await patient.sdk.form.withEncryptionMetadata(whole, self, { user }))
  }

  it('is created, read by the doctor, modified and deleted', async () => {
    const form = await add({ descr: 'intake', status: 'draft' })
    const found = await doctor.sdk.form.getForm(form.id)
    assert.deepEqual([found.descr, found.status], ['intake', 'draft'])
    await refused([403, 404], () => stranger.sdk.form.getForm(form.id))

    const saved = await patient.sdk.form.modifyForm(new DecryptedForm({ ...form, status: 'final' }))
    assert.equal((await doctor.sdk.form.getForm(form.id)).status, 'final')
    await refused(409, () => patient.sdk.form.modifyForm(new DecryptedForm({ ...form })))
    await patient.sdk.form.deleteFormById(form.id, saved.rev)
    assert.deepEqual(await doctor.sdk.form.getForms([form.id]), [])
  })

  it('is found by its patient, in the order of the dates', async () => {
    const [late, early] = [await add({ openingDate: 20200202000000 }), await add({ openingDate: 20200101000000 })]
    const self = await doctor.sdk.patient.getPatient(patient.id)
    const filter = FormFilters.byPatientsOpeningDateForSelf([self], { from: 20200101000000, to: 20201231000000 })
    assert.deepEqual(await doctor.sdk.form.matchFormsBySorted(filter), [early.id, late.id])
  })
})

// F1: registration by one-time code, for patients and HCPs, by e-mail and SMS.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hides, refused } from './lib/expect.mjs'
import { byCode, captcha, initializeSelf, newEmail, newHcp, newPatient, newPhone, startProcess } from './lib/people.mjs'
import { rawSession } from './lib/raw.mjs'
import { useServer } from './lib/server.mjs'
import { lastCall, record } from './lib/traffic.mjs'

/** Another six-digit code. */
const wrong = code => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

describe('registration before a responsible HCP exists', () => {
  const server = useServer()

  it('refuses a patient with 400, and sends nothing', async () => {
    const address = newEmail('nobody')
    await refused(400, () => startProcess(server, { process: 'patient-email', address }))
    assert.deepEqual(await server.outbox(address), [])
  })

  it('lets an HCP register', async () => {
    const address = newEmail('grey')
    const sdk = await byCode(server, { process: 'hcp-email', address, firstName: 'Grey', lastName: 'Worm' })
    const user = await sdk.user.getCurrentUser()
    assert.equal(user.email, address)
    assert.ok(user.healthcarePartyId)
    assert.equal(user.patientId, undefined)
    const self = await sdk.healthcareParty.getCurrentHealthcareParty()
    assert.deepEqual([self.firstName, self.lastName], ['Grey', 'Worm'])
    assert.equal(self.publicKeysForOaepWithSha256.length, 1)
  })
})

describe('registration', () => {
  let doctor
  const server = useServer(async () => {
    doctor = await newHcp(server, { responsible: true })
  })

  for (const kind of Object.keys(captcha)) {
    it(`registers a patient by e-mail with the captcha ${kind}`, async () => {
      const address = newEmail(kind)
      const names = { firstName: 'Daenerys', lastName: 'Targaryen' }
      const sdk = await byCode(server, { process: 'patient-email', address, solution: captcha[kind](), ...names })
      const user = await sdk.user.getCurrentUser()
      assert.equal(user.email, address)
      assert.equal(user.status, 'Active')
      assert.deepEqual(user.autoDelegations.All, [doctor.id], 'future data is shared with the responsible HCP')
      const self = await sdk.patient.encrypted.getPatient(user.patientId)
      assert.deepEqual([self.firstName, self.lastName], ['Daenerys', 'Targaryen'])
      assert.equal(self.publicKeysForOaepWithSha256.length, 1, 'its public key is published')
    })
  }

  it('asks for a challenge only when the proof of work is delegated', async () => {
    const start = solution => () => startProcess(server, { process: 'patient-email', address: newEmail('c'), solution })
    const delegated = await record(start(captcha.kerberus()))
    assert.deepEqual(delegated.calls.map(({ method, status }) => [method, status]), [['GET', 200], ['POST', 200]])
    const friendly = await record(start(captcha.friendly()))
    assert.deepEqual(friendly.calls.map(({ method }) => method), ['POST'])
  })

  it('registers a patient by SMS', async () => {
    const address = newPhone()
    const sdk = await byCode(server, { process: 'patient-sms', address, firstName: 'Missandei', lastName: 'Naath' })
    const user = await sdk.user.getCurrentUser()
    assert.equal(user.mobilePhone, address)
    assert.ok(user.patientId)
    const [message] = await server.outbox(address)
    assert.equal(message.channel, 'sms')
    assert.ok(message.body.includes(message.code))
  })

  it('registers an HCP by SMS', async () => {
    const address = newPhone()
    const sdk = await byCode(server, { process: 'hcp-sms', address, firstName: 'Barristan', lastName: 'Selmy' })
    const user = await sdk.user.getCurrentUser()
    assert.ok(user.healthcarePartyId)
  })

  it('writes the code, six digits, into the message', async () => {
    const address = newEmail('code')
    await startProcess(server, { process: 'patient-email', address, firstName: 'A', lastName: 'B' })
    const [message, ...older] = await server.outbox(address)
    assert.equal(older.length, 0)
    assert.equal(message.to, address)
    assert.equal(message.channel, 'email')
    assert.match(message.code, /^\d{6}$/)
    assert.ok(message.body.includes(message.code))
  })

  it('refuses a wrong code and then takes the right one', async () => {
    const address = newEmail('wrong')
    const step = await startProcess(server, { process: 'patient-email', address, firstName: 'W', lastName: 'C' })
    const code = await server.code(address)
    await refused([401, 403], () => step.completeAuthentication(wrong(code)))
    const sdk = await step.completeAuthentication(code)
    assert.ok((await sdk.user.getCurrentUser()).patientId)
  })

  it('ends a request after five wrong codes', async () => {
    const address = newEmail('guess')
    const step = await startProcess(server, { process: 'patient-email', address, firstName: 'G', lastName: 'U' })
    const code = await server.code(address)
    let guess = code
    for (let i = 0; i < 5; i++) {
      guess = wrong(guess)
      await refused([401, 403, 404, 410], () => step.completeAuthentication(guess))
    }
    await refused([401, 403, 404, 410, 429], () => step.completeAuthentication(code))
  })

  it('keeps the earlier code alive when another one is sent', async () => {
    const address = newEmail('resend')
    const request = { process: 'patient-email', address, firstName: 'R', lastName: 'S' }
    const first = await startProcess(server, request)
    const code = await server.code(address)
    await startProcess(server, request)
    assert.equal((await server.outbox(address)).length, 2)
    const sdk = await first.completeAuthentication(code)
    assert.equal((await sdk.user.getCurrentUser()).email, address)
  })

  it('does not take the code of one request for another address', async () => {
    const [mine, other] = [newEmail('mine'), newEmail('other')]
    const names = { firstName: 'M', lastName: 'O' }
    const step = await startProcess(server, { process: 'patient-email', address: mine, ...names })
    await startProcess(server, { process: 'patient-email', address: other, ...names })
    const code = await server.code(other)
    if (code === (await server.code(mine))) return
    await refused([401, 403], () => step.completeAuthentication(code))
  })

  it('answers 404 for an unknown process and an unknown spec', async () => {
    await refused(404, () => startProcess(server, { process: 'nurse-email', address: newEmail('x') }))
    const answer = await fetch(`${server.gateway}/elsewhere/challenge`)
    assert.equal(answer.status, 404)
  })

  it('refuses an empty captcha solution', async () => {
    const solution = captcha.recaptcha()
    solution.solution = ''
    const request = { process: 'patient-email', address: newEmail('robot'), solution }
    await refused([400, 403], () => startProcess(server, request))
  })

  it('finds the same user again: the second code logs in, it does not register', async () => {
    const patient = await newPatient(server, { sharingWith: [doctor.id] })
    const { address, device } = patient
    const sdk = await byCode(server, { process: 'patient-email', address, device })
    const user = await sdk.user.getCurrentUser()
    assert.deepEqual([user.id, user.patientId], [patient.userId, patient.id])
  })

  it('does not tell a known address from an unknown one', async () => {
    const { address } = await newPatient(server, { sharingWith: [doctor.id] })
    const start = to => {
      const id = crypto.randomUUID()
      const body = { firstName: '', lastName: '', 'g-recaptcha-response': 'token', email: to, mobilePhone: '' }
      return fetch(`${server.gateway}/dev/process/patient-email/${id}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    }
    const [known, unknown] = [await start(address), await start(newEmail('stranger'))]
    assert.equal(known.status, unknown.status)
    assert.equal(await known.text(), await unknown.text())
  })

  it('initializes the metadata of the patient itself, shares it, and saves it', async () => {
    const address = newEmail('self')
    const names = { firstName: 'Arya', lastName: 'Stark' }
    const sdk = await byCode(server, { process: 'patient-email', address, ...names })
    const { patientId } = await sdk.user.getCurrentUser()

    const before = await sdk.patient.encrypted.getPatient(patientId)
    assert.equal(before.securityMetadata, undefined)
    await refused(403, () => doctor.sdk.patient.encrypted.getPatient(patientId))

    const saved = await record(() => initializeSelf(sdk, [doctor.id]))
    assert.equal(lastCall(saved.calls, 'PUT', '/patient').status, 200)

    const note = 'afraid of the dark'
    const self = await sdk.patient.getPatient(patientId)
    self.note = note
    await sdk.patient.modifyPatient(self)
    assert.equal((await sdk.patient.getPatient(patientId)).note, note)
    assert.equal((await doctor.sdk.patient.getPatient(patientId)).note, note)
    const raw = await rawSession(server, () => sdk.patient.encrypted.getPatient(patientId))
    hides((await raw.get(`patient/${patientId}`)).text, note)
  })
})

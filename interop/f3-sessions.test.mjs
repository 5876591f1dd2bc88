// F3: sessions. Passwords, tokens, refresh, groups, two factors.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AuthSecretDetails,
  AuthenticationClass,
  AuthenticationMethod,
  CardinalBaseSdk,
  CardinalSdk,
  DecryptedPropertyStub,
  Enable2faRequest,
  HealthcareParty,
  User,
} from '@icure/cardinal-sdk'
import { refused, status } from './lib/expect.mjs'
import { APP, newEmail, newHcp, newPatient, signIn } from './lib/people.mjs'
import { Raw, login } from './lib/raw.mjs'
import { addContact, addPatient, sample } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'
import { claims, newTotpSecret, salted, totp } from './lib/tokens.mjs'
import { record } from './lib/traffic.mjs'

const { UsernamePassword, JwtCredentials } = AuthenticationMethod.UsingCredentials

let doctor, patient
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  patient = await newPatient(server, { sharingWith: [doctor.id] })
})

/** Tokens of a login that has to succeed. */
async function tokens(username, secret) {
  const answer = await login(server, username, secret)
  status(answer, 200)
  return answer.json
}

const withBearer = token => new Raw(server.base, { authorization: `Bearer ${token}` })
const withRefresh = token => new Raw(server.base, { 'refresh-token': token })

describe('a password', () => {
  it('opens a session', async () => {
    const sdk = await signIn(server, { login: doctor.login, secret: doctor.password, device: doctor.device })
    const user = await sdk.user.getCurrentUser()
    assert.deepEqual([user.id, user.healthcarePartyId, user.passwordHash], [doctor.userId, doctor.id, '*'])
    assert.equal(user.groupId, doctor.groupId)
  })

  it('is accepted with every name of the user', async () => {
    const names = [doctor.userId, `${doctor.groupId}:${doctor.userId}`, `${doctor.groupId}/${doctor.userId}`]
    for (const name of [...names, doctor.login, doctor.login.toUpperCase()]) {
      await tokens(name, doctor.password)
    }
  })

  it('has to be right', async () => {
    const attempt = () => signIn(server, { login: doctor.login, secret: 'wrong', device: doctor.device })
    const { error, calls } = await record(attempt)
    assert.ok(error)
    assert.deepEqual(calls.map(({ path, status }) => [path, status]), [
      ['/rest/v2/auth/login', 401],
      ['/rest/v2/auth/login', 401],
    ], 'this client tries a wrong password twice')
    status(await login(server, doctor.login, ''), [400, 401])
    status(await login(server, 'nobody@example.org', doctor.password), 401)
    await tokens(doctor.login, doctor.password)
  })

  it('can be checked without a session', async () => {
    const check = password => new Raw(server.base).post('auth/check', { username: doctor.login, password })
    status(await check(doctor.password), [200, 204])
    status(await check('wrong'), 401)
  })

  it('is salted with the application by default, so the server does not know it', async () => {
    const [email, password] = [newEmail('salty'), 'correct horse battery staple']
    const hcp = await doctor.sdk.healthcareParty.createHealthcareParty(new HealthcareParty({ lastName: 'Salty' }))
    // At login this client salts; when it creates a user it sends what it is given.
    const passwordHash = salted(password, APP)
    const user = new User({ email, login: email, healthcarePartyId: hcp.id, passwordHash })
    const made = await doctor.sdk.user.createUser(user)
    assert.equal(made.passwordHash, '*')

    const sdk = await signIn(server, { login: email, secret: password, saltPasswordWithApplicationId: true })
    assert.equal((await sdk.user.getCurrentUser()).healthcarePartyId, hcp.id)
    await tokens(email, passwordHash)
    status(await login(server, email, password), 401)
    await refused(401, () => signIn(server, { login: email, secret: password }))
  })
})

describe('a long-lived token', () => {
  it('is made by its user, and opens a session instead of the password', async () => {
    const token = await doctor.sdk.user.getToken(doctor.userId, 'tablet', { tokenValidity: 86_400 })
    assert.ok(!token.includes('"'))
    const sdk = await signIn(server, { login: doctor.login, secret: token, token: true, device: doctor.device })
    const user = await sdk.user.getCurrentUser()
    assert.equal(user.id, doctor.userId)
    const { tablet } = user.authenticationTokens
    assert.equal(tablet.validity, 86_400)
    assert.equal(tablet.token, undefined, 'it is never shown again')
  })

  it('is replaced by the next one of that name', async () => {
    const make = () => doctor.sdk.user.getToken(doctor.userId, 'phone', { tokenValidity: 86_400 })
    const [old, now] = [await make(), await make()]
    assert.notEqual(old, now)
    await tokens(doctor.login, now)
    status(await login(server, doctor.login, old), 401)
  })

  it('can be chosen by the user', async () => {
    const token = 'a token chosen by its user'
    const given = await doctor.sdk.user.getToken(doctor.userId, 'chosen', { tokenValidity: 3600, token })
    assert.equal(given, token)
    await tokens(doctor.login, token)
  })

  it('belongs to one user only', async () => {
    const token = await doctor.sdk.user.getToken(doctor.userId, 'mine', { tokenValidity: 3600 })
    status(await login(server, patient.address, token), 401)
  })
})

describe('the tokens of a session', () => {
  it('say what the client reads in them, in an alphabet it can decode', async () => {
    const { token, refreshToken, successful } = await tokens(doctor.login, doctor.password)
    assert.equal(successful, true)
    const now = Date.now() / 1000
    for (const part of [claims(token), claims(refreshToken)]) {
      assert.ok(Number.isInteger(part.exp) && part.exp > now)
    }
    assert.equal(claims(token).tac, 20, 'a password')
    assert.ok(claims(refreshToken).exp - now > 7 * 86_400, 'a refresh token lives for weeks')
  })

  it('name the class of the secret', async () => {
    const { user } = doctor.sdk
    const long = await user.getToken(doctor.userId, 'long', { tokenValidity: 86_400 })
    const short = await user.getToken(doctor.userId, 'short', { tokenValidity: 300 })
    assert.equal(claims((await tokens(doctor.login, long)).token).tac, 10)
    assert.equal(claims((await tokens(doctor.login, short)).token).tac, 40)
    const code = await server.code(patient.address)
    assert.equal(claims((await tokens(patient.address, code)).token).tac, 40)
  })

  it('do not live longer than asked', async () => {
    const { login: username, password } = doctor
    const answer = await new Raw(server.base).post('auth/login?duration=5', { username, password })
    assert.ok(claims(answer.json.token).exp <= Date.now() / 1000 + 6)
  })

  it('give a new bearer, which works, and keep their class', async () => {
    const { refreshToken } = await tokens(doctor.login, doctor.password)
    for (const header of [refreshToken, `Bearer ${refreshToken}`]) {
      const { status: code, json } = await withRefresh(header).post('auth/refresh')
      assert.deepEqual([code, json.successful], [200, true])
      assert.equal(claims(json.token).tac, 20)
      assert.equal((await withBearer(json.token).read('user/current')).id, doctor.userId)
    }
  })

  it('stop refreshing after they were invalidated, and only these', async () => {
    const [one, other] = [await tokens(doctor.login, doctor.password), await tokens(doctor.login, doctor.password)]
    status(await withRefresh(one.refreshToken).post('auth/invalidate'), [200, 204])
    status(await withRefresh(one.refreshToken).post('auth/refresh'), 401)
    status(await withRefresh(one.refreshToken).post(`auth/switch/${doctor.groupId}`), 401)
    status(await withRefresh(other.refreshToken).post('auth/refresh'), 200)
  })

  it('are not interchangeable, and not forged', async () => {
    const { token, refreshToken } = await tokens(doctor.login, doctor.password)
    status(await withBearer(refreshToken).get('user/current'), 401)
    status(await withRefresh(token).post('auth/refresh'), 401)
    const [head, , signature] = token.split('.')
    const payload = Buffer.from(JSON.stringify({ ...claims(token), u: patient.userId, exp: 9_999_999_999 }))
    status(await withBearer(`${head}.${payload.toString('base64url')}.${signature}`).get('user/current'), 401)
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    status(await withBearer(`${none}.${token.split('.')[1]}.`).get('user/current'), 401)
    status(await new Raw(server.base).get('user/current'), 401)
  })

  it('are what an application can start from', async () => {
    const { token, refreshToken } = await tokens(doctor.login, doctor.password)
    const credentials = new JwtCredentials(refreshToken, token)
    const { result, calls } = await record(() => CardinalSdk.initialize(APP, server.base, credentials, doctor.device))
    assert.equal((await result.user.getCurrentUser()).id, doctor.userId)
    assert.ok(calls.every(({ path }) => !path.endsWith('/auth/login')))
  })
})

describe('groups', () => {
  it('are listed for the secret that was used', async () => {
    const [group, ...more] = await doctor.sdk.user.getMatchingUsers()
    assert.equal(more.length, 0)
    assert.deepEqual([group.groupId, group.userId, group.healthcarePartyId], [doctor.groupId, doctor.userId, doctor.id])
  })

  it('can be switched to, if the user is in them', async () => {
    const same = await doctor.sdk.switchGroup(doctor.groupId)
    assert.equal((await same.user.getCurrentUser()).id, doctor.userId)
    const { refreshToken } = await tokens(doctor.login, doctor.password)
    const switched = await withRefresh(refreshToken).post(`auth/switch/${doctor.groupId}`)
    status(switched, 200)
    assert.equal(claims(switched.json.token).tac, 20)
    assert.ok(switched.json.refreshToken)
    status(await withRefresh(refreshToken).post('auth/switch/elsewhere'), [401, 403, 404])
  })
})

describe('the base SDK', () => {
  it('needs three calls to start, and reads encrypted data', async () => {
    const made = await addPatient(doctor)
    const contact = await addContact(doctor, made, { services: [sample('hidden')] })
    const credentials = new UsernamePassword(doctor.login, doctor.password)
    const { result: sdk, calls } = await record(() =>
      CardinalBaseSdk.initialize(APP, server.base, credentials, { saltPasswordWithApplicationId: false }),
    )
    assert.deepEqual(calls.map(({ path, status }) => [path, status]), [
      ['/rest/v2/auth/login', 200],
      ['/rest/v2/user/matches', 200],
      [`/rest/v2/auth/switch/${doctor.groupId}`, 200],
    ])
    const found = await sdk.contact.getContact(contact.id)
    assert.equal(found.isEncrypted, true)
    assert.ok(found.services[0].encryptedSelf)
  })
})

describe('two factors', () => {
  it('ask for the second one with 417, refuse a wrong one with 406', async () => {
    const careful = await newHcp(server, { firstName: 'Stannis', lastName: 'Baratheon' })
    const secret = newTotpSecret()
    await careful.sdk.user.enable2faForUser(careful.userId, new Enable2faRequest({ secret, otpLength: 6 }))
    const attempt = password => login(server, careful.login, password)
    status(await attempt(careful.password), 417)
    const wrong = String((Number(totp(secret)) + 1) % 1_000_000).padStart(6, '0')
    status(await attempt(`${careful.password}|${wrong}`), 406)
    status(await attempt('wrong'), 401)
    status(await attempt(`wrong|${totp(secret)}`), 401)
    const { token } = await tokens(careful.login, `${careful.password}|${totp(secret)}`)
    assert.equal(claims(token).tac, 50)

    const asked = []
    const provider = {
      async getSecret(accepted) {
        asked.push(accepted)
        return accepted.includes(AuthenticationClass.Password)
          ? new AuthSecretDetails.PasswordDetails(careful.password)
          : new AuthSecretDetails.TwoFactorAuthTokenDetails(totp(secret, 1))
      },
    }
    const method = new AuthenticationMethod.UsingSecretProvider(provider, { loginUsername: careful.login })
    const options = { saltPasswordWithApplicationId: false }
    const sdk = await CardinalSdk.initialize(APP, server.base, method, careful.device, options)
    assert.equal((await sdk.user.getCurrentUser()).id, careful.userId)
    assert.ok(asked[1].includes(AuthenticationClass.TwoFactorAuthentication))

    const shown = JSON.stringify(await withBearer(token).read('user/current'))
    assert.ok(!shown.includes(secret), 'the secret is never shown')
    await sdk.user.disable2faForUser(careful.userId)
    await tokens(careful.login, careful.password)
  })
})

describe('a user', () => {
  it('keeps properties', async () => {
    const property = new DecryptedPropertyStub({ id: 'org.example.theme' })
    const user = await doctor.sdk.user.modifyProperties(doctor.userId, [property])
    assert.deepEqual(user.properties.map(({ id }) => id), ['org.example.theme'])
  })
})

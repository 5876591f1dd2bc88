// The example custodian, and the calls that a custodian written for Portal makes (portal 6.4).
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Custodian, call } from './lib/custodian.mjs'
import { useServer } from './lib/server.mjs'

const SECRET = 'a secret of the webhooks'

describe('a custodian', () => {
  const custodian = new Custodian()
  let key
  const server = useServer(async server => {
    const made = await server.admin('custodian', 'create', '--name', 'Acme')
    key = made.apiKey
    await custodian.start({ KEYSTEAD_URL: server.base, CUSTODIAN_API_KEY: key, WEBHOOK_SECRET: SECRET })
  })
  after(() => custodian.remove())

  const keystead = (method, path, body, bearer = key) => call(server.base, method, path, { key: bearer, body })
  const own = (method, path, token, body) => call(custodian.base, method, path, { key: token, body })

  test('signs users up: each is a client of its own, and the session token is theirs', async () => {
    const users = await Promise.all(['jon', 'arya'].map(username => own('POST', '/signup', undefined, { username })))
    for (const { status, data } of users) {
      assert.equal(status, 201)
      const me = await keystead('GET', '/api/v3/clients/me', undefined, data.clientSessionToken)
      assert.equal(me.data.id, data.clientId)
      assert.deepEqual(me.data.wallets, [])
      const again = await own('POST', `/clients/${data.clientId}/session`, data.token, {})
      assert.equal((await keystead('GET', '/api/v3/clients/me', undefined, again.data.clientSessionToken)).status, 200)
    }
    const [jon, arya] = users.map(user => user.data)
    assert.notEqual(jon.clientId, arya.clientId)
    assert.equal((await own('POST', `/clients/${arya.clientId}/session`, jon.token, {})).status, 401)
    assert.equal((await own('POST', '/signup', undefined, {})).status, 400)
  })

  test('keeps the newest cipher text of each user, also across a crash', async () => {
    const { data: user } = await own('POST', '/signup', undefined, { username: 'sansa' })
    const path = `/clients/${user.clientId}/backup`
    assert.deepEqual((await own('GET', path, user.token)).data, { cipherText: null })
    assert.equal((await own('POST', path, user.token, { backupShare: 'two', generation: 2 })).status, 200)
    assert.equal((await own('POST', path, user.token, { backupShare: 'one', generation: 1 })).status, 409)
    assert.equal((await own('POST', path, user.token, {})).status, 400)
    assert.equal((await own('GET', path, 'nonsense')).status, 401)
    await custodian.stop()
    await custodian.start({ KEYSTEAD_URL: server.base, CUSTODIAN_API_KEY: key, WEBHOOK_SECRET: SECRET })
    assert.deepEqual((await own('GET', path, user.token)).data, { cipherText: 'two' })
  })

  test('keeps its halves for whoever knows the secret', async () => {
    const { data: user } = await own('POST', '/signup', undefined, { username: 'bran' })
    const hook = (path, body, secret = SECRET) =>
      call(custodian.base, 'POST', `/webhook${path}`, { body, headers: { 'x-webhook-secret': secret } })
    const clientId = user.clientId
    assert.deepEqual((await hook('/backup/fetch', { clientId })).data, { backupShares: [] })
    for (const [backupMethod, share] of [['GDRIVE-SECP256K1', 'a'], ['GDRIVE-ED25519', 'b'], ['GDRIVE-ED25519', 'c']]) {
      assert.equal((await hook('/backup', { clientId, share, backupMethod })).status, 200)
    }
    assert.deepEqual((await hook('/backup/fetch', { clientId })).data, { backupShares: ['a', 'c'] })
    assert.deepEqual((await hook('/backup/fetch', { clientId: 'nobody' })).data, { backupShares: [] })
    assert.equal((await hook('/backup', { clientId, share: {} })).status, 400)
    for (const secret of ['', 'wrong', `${SECRET}x`]) {
      assert.equal((await hook('/backup', { clientId, share: 'x' }, secret)).status, 401)
      assert.equal((await hook('/backup/fetch', { clientId }, secret)).status, 401)
    }
  })

  test('the calls of a custodian that was written for Portal', async () => {
    const ids = new Set()
    const keys = new Set()
    for (const body of [{}, { isAccountAbstracted: true }]) {
      const { status, data } = await keystead('POST', '/api/clients', body)
      assert.equal(status, 201)
      ids.add(data.id)
      keys.add(data.clientApiKey)
    }
    assert.equal(ids.size, 2)
    assert.equal(keys.size, 2)
    const [id] = ids

    const { data } = await keystead('GET', `/api/v1/custodians/clients/${id}/web-otp`)
    const validate = () => call(server.base, 'GET', `/clients/token/validate?otp=${encodeURIComponent(data.otp)}`)
    const exchanged = await validate()
    assert.equal(exchanged.status, 200)
    const headers = { cookie: exchanged.cookie.split(';')[0] }
    assert.equal((await call(server.base, 'GET', '/api/v3/clients/me', { headers })).data.id, id)
    assert.equal((await validate()).status, 401)

    // what fails is told as an object whose `error` is text
    const path = `/api/v3/custodians/me/clients/${id}`
    for (const [method, action] of [['PATCH', 'enable-eject'], ['POST', 'prepare-eject']]) {
      for (const body of [{ walletId: 'nonsense' }, {}, undefined]) {
        const refused = await keystead(method, `${path}/${action}`, body)
        assert.equal(refused.status, 400)
        assert.equal(typeof refused.data.error, 'string')
      }
    }
    for (const bearer of [null, 'nonsense', [...keys][0]]) {
      const refused = await keystead('POST', '/api/clients', {}, bearer)
      assert.equal(refused.status, 401)
      assert.equal(typeof refused.data.error, 'string')
    }
    assert.equal(typeof (await keystead('GET', '/api/v9/nothing')).data.error, 'string')
  })

  test('registers its webhooks', async () => {
    const webhook = `${custodian.base}/webhook`
    assert.equal((await keystead('POST', '/api/webhook', { webhook, secret: SECRET })).status, 200)
    for (const wrong of [{}, { webhook }, { webhook: 'http://192.168.0.1/', secret: SECRET }]) {
      const refused = await keystead('POST', '/api/webhook', wrong)
      assert.equal(refused.status, 400)
      assert.equal(typeof refused.data.error, 'string')
    }
  })

  test('a key that was revoked opens nothing', async () => {
    const [{ id: environment }] = await server.admin('custodian', 'list')
    const { apiKey } = await server.admin('custodian', 'keys', 'create', '--environment', environment)
    const list = () => keystead('GET', '/api/clients', undefined, apiKey)
    assert.equal((await list()).status, 200)
    await server.admin('custodian', 'keys', 'revoke', '--environment', environment, '--id', apiKey.split('.')[1])
    assert.equal((await list()).status, 401)
  })
})

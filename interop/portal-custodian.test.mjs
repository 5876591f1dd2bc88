// The example custodian as a process of its own, and the calls that a custodian written for Portal makes (portal 6.4).
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { useServer } from './lib/server.mjs'

const example = fileURLToPath(new URL('../examples/custodian/server.mjs', import.meta.url))
const SECRET = 'a secret of the webhooks'

/** The example, on a free port, with a file that outlives it. */
class Custodian {
  base
  #child
  #folder

  async start(environment) {
    this.#folder ??= await mkdtemp(join(tmpdir(), 'keystead-custodian-'))
    const env = { ...process.env, ...environment, PORT: '0', DATA_FILE: join(this.#folder, 'users.json') }
    this.#child = spawn(process.execPath, [example], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    process.once('exit', () => this.#child.kill('SIGKILL'))
    this.base = await new Promise((done, fail) => {
      let said = ''
      const hear = chunk => {
        said += chunk
        const url = /listening on (http:\S+)/.exec(said)?.[1]
        if (url) done(url)
      }
      this.#child.stdout.on('data', hear)
      this.#child.stderr.on('data', hear)
      this.#child.once('exit', () => fail(new Error(`the custodian ended: ${said}`)))
    })
  }

  async stop() {
    const gone = new Promise(done => this.#child.once('exit', done))
    this.#child.kill('SIGKILL')
    await gone
  }

  async remove() {
    await this.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** A call with JSON: status and body. */
async function call(base, method, path, { key, body, headers } = {}) {
  const authorization = key && { authorization: `Bearer ${key}` }
  const answer = await fetch(`${base}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...authorization, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    redirect: 'manual',
  })
  const text = await answer.text()
  return { status: answer.status, data: text ? JSON.parse(text) : undefined, cookie: answer.headers.get('set-cookie') }
}

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

  test('a key that was revoked opens nothing', async () => {
    const [{ id: environment }] = await server.admin('custodian', 'list')
    const { apiKey } = await server.admin('custodian', 'keys', 'create', '--environment', environment)
    const list = () => keystead('GET', '/api/clients', undefined, apiKey)
    assert.equal((await list()).status, 200)
    await server.admin('custodian', 'keys', 'revoke', '--environment', environment, '--id', apiKey.split('.')[1])
    assert.equal((await list()).status, 401)
  })
})

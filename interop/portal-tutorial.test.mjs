// The tutorial about recovering a wallet, between three processes: the server, the example custodian, and devices of its
// user. The order of the last steps is ours: the custodian gets its new half last (docs/protocol/wallet-lifecycle.md).
// After every step the server is killed and started again on what it stored. All of it with a custodian that keeps a share
// of every method and curve, and with one that keeps a single share of each user.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Custodian, call } from './lib/custodian.mjs'
import { useDevices } from './lib/device.mjs'
import { useServer } from './lib/server.mjs'

const SECRET = 'a secret of the webhooks'
const STORED = '/api/v2/clients/me/wallet/stored-client-backup-share'

for (const [shape, ONE_SHARE] of [['shares of every method', ''], ['one share of each user', 'true']]) {
  describe(`recovering a wallet, with a custodian that keeps ${shape}`, () => {
    const custodian = new Custodian()
    let environment
    const server = useServer(async server => {
      const { apiKey } = await server.admin('custodian', 'create', '--name', 'Acme')
      environment = { KEYSTEAD_URL: server.base, CUSTODIAN_API_KEY: apiKey, WEBHOOK_SECRET: SECRET, ONE_SHARE }
      await custodian.start(environment)
      const body = { webhook: `${custodian.base}/webhook`, secret: SECRET }
      assert.equal((await call(server.base, 'POST', '/api/webhook', { key: apiKey, body })).status, 200)
    })
    after(() => custodian.remove())
    const devices = useDevices()

    /** The user of the application, whose client and token it is. */
    let user
    let device
    let addresses
    const own = (method, path, body) =>
      call(custodian.base, method, `/clients/${user.clientId}${path}`, { key: user.token, body })
    const session = async () => (await own('POST', '/session', {})).data.clientSessionToken
    const api = (method, path, body) => call(server.base, method, path, { key: user.clientSessionToken, body })
    const me = async () => (await api('GET', '/api/v3/clients/me')).data
    const statuses = async kind => (await me()).wallets.map(wallet => wallet[kind].map(pair => pair.status))
    const store = async (backupShare, generation) => {
      assert.equal((await own('POST', '/backup', { backupShare, generation })).status, 200)
    }
    const confirmSigning = async signingSharePairIds => {
      const body = { signingSharePairIds, status: 'STORED_CLIENT' }
      assert.equal((await api('PATCH', '/api/v3/clients/me/signing-share-pairs', body)).status, 204)
    }
    const stored = async success => {
      assert.equal((await api('PUT', STORED, { success, backupMethod: 'GDRIVE' })).status, 204)
    }
    const completed = async pairs => {
      // longer than a server that crashed keeps others from its work
      const until = Date.now() + 150_000
      const ids = async () => (await me()).wallets.map(wallet => wallet.backupSharePairs)
      for (;;) {
        const found = await ids()
        if (found.every((of, at) => of.length === 1 && of[0].id === pairs[at] && of[0].status === 'completed')) return
        assert.ok(Date.now() < until, `not completed: ${JSON.stringify(found)}`)
        await new Promise(done => setTimeout(done, 500))
      }
    }

    test('a user signs up, makes a wallet and signs', async () => {
      user = (await call(custodian.base, 'POST', '/signup', { body: { username: 'daenerys' } })).data
      device = await devices.connect(server, user.clientSessionToken)
      const { pairs } = await device.create()
      await server.restart()
      assert.deepEqual(await statuses('signingSharePairs'), [['incomplete'], ['incomplete']])
      await confirmSigning(pairs)
      await server.restart()
      assert.deepEqual(await statuses('signingSharePairs'), [['completed'], ['completed']])
      assert.equal(await device.sign(), true)
      addresses = (await me()).metadata
      assert.match(addresses.namespaces.eip155.address, /^0x[0-9a-f]{40}$/)
    })

    test('the wallet is backed up', async () => {
      const { pairs, text } = await device.backup('GDRIVE')
      await server.restart()
      await store(text, 1)
      assert.deepEqual(await statuses('backupSharePairs'), [['incomplete'], ['incomplete']])
      await stored(true)
      await completed(pairs)
      await server.restart()
      // the custodian shows what it keeps in the one way or the other
      const asked = { body: { clientId: user.clientId }, headers: { 'x-webhook-secret': SECRET } }
      const shown = await call(custodian.base, 'POST', '/webhook/backup/fetch', asked)
      const { backupShare, backupShares } = shown.data
      if (ONE_SHARE) assert.equal(JSON.parse(backupShare).shares.length, 2)
      else assert.equal(backupShares.length, 2)
    })

    test('the device is lost, three times: a new one recovers, and the old one signs no more', async () => {
      const first = (await own('GET', '/backup')).data.cipherText
      for (const generation of [2, 3, 4]) {
        const lost = device
        device = await devices.connect(server, await session())
        const recovered = await device.recover((await own('GET', '/backup')).data.cipherText)
        await server.restart()
        await confirmSigning(recovered.signing)
        await server.restart()
        // the application could not store the text: nothing is lost, and the old device is still the one that signs
        await stored(false)
        await server.restart()
        assert.equal(await lost.sign(), true)
        await store(recovered.text, generation)
        await stored(true)
        await completed(recovered.pairs)
        await server.restart()
        assert.equal(await device.sign(), true)
        await assert.rejects(lost.sign(), { code: 'SIGN_SHARE_MISMATCH' })
        assert.deepEqual((await me()).metadata, addresses)
        assert.deepEqual(await statuses('signingSharePairs'), [['completed'], ['completed']])
      }
      const late = await devices.connect(server, await session())
      await assert.rejects(late.recover(first), { code: 'DKG_REFRESH_MISMATCH' })
      assert.equal(await device.sign(), true)
    })

    test('it is backed up again while the custodian is down for a while', async () => {
      const { pairs, text } = await device.backup('GDRIVE')
      await store(text, 5)
      await custodian.stop()
      await stored(true)
      assert.deepEqual(await statuses('backupSharePairs'), [['completed', 'incomplete'], ['completed', 'incomplete']])
      // the call failed by now, and waits for another try; one that is under way is taken up after two minutes only
      await new Promise(done => setTimeout(done, 1_500))
      await server.restart()
      await custodian.start(environment)
      await completed(pairs)
    })

    test('the user takes the key out while the application lets them', async () => {
      const [{ id }] = (await me()).wallets
      const prepare = () => api('POST', `/api/v3/clients/me/wallets/${id}/prepare-eject`, { backupMethod: 'GDRIVE' })
      assert.equal((await prepare()).data.id, 'STATE_INVALID')
      const opened = await own('POST', '/eject-window', { walletId: id })
      assert.ok(Date.parse(opened.data.ejectableUntil) > Date.now())
      await server.restart()
      const share = JSON.parse((await prepare()).data.share)
      assert.equal(share.clientId, user.clientId)
      await server.restart()
      const platform = { clientPlatform: 'WEB', clientPlatformVersion: '1' }
      assert.equal((await api('POST', '/api/v3/clients/me/eject', platform)).status, 204)
      assert.notEqual((await me()).ejectedAt, null)
      assert.equal(await device.sign(), true)
    })
  })
}

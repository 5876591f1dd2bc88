// A custodian in a few dozen lines: the back end of an application whose users have wallets. It makes a client for each
// user, keeps the text that their devices sealed, and keeps its halves of their backups for the server to fetch.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import express from 'express'

const { KEYSTEAD_URL, CUSTODIAN_API_KEY, WEBHOOK_SECRET, PUBLIC_URL } = process.env
const { DATA_FILE = 'custodian.json', HOST = '127.0.0.1', PORT = '3000' } = process.env
// custodians written for the first version of Portal keep one share of each user, whatever it is of
const ONE_SHARE = process.env.ONE_SHARE === 'true'
if (!KEYSTEAD_URL || !CUSTODIAN_API_KEY || !WEBHOOK_SECRET) {
  throw new Error('set KEYSTEAD_URL, CUSTODIAN_API_KEY and WEBHOOK_SECRET')
}

/** Users by the id of their client. A file is enough here; its replacement is atomic, so that a crash loses nothing. */
const users = new Map(existsSync(DATA_FILE) ? JSON.parse(readFileSync(DATA_FILE, 'utf8')) : [])
const save = () => {
  writeFileSync(`${DATA_FILE}.new`, JSON.stringify([...users]), { mode: 0o600 })
  renameSync(`${DATA_FILE}.new`, DATA_FILE)
}

const digest = text => createHash('sha256').update(String(text)).digest()
const same = (given, expected) => timingSafeEqual(digest(given), digest(expected))

/** Calls the server with the custodian's key. */
async function keystead(method, path, body) {
  const headers = { authorization: `Bearer ${CUSTODIAN_API_KEY}`, 'content-type': 'application/json' }
  const answer = await fetch(`${KEYSTEAD_URL}${path}`, { method, headers, body: JSON.stringify(body) })
  const data = answer.status === 204 ? undefined : await answer.json()
  if (!answer.ok) throw Object.assign(new Error(data.error), { status: answer.status === 429 ? 429 : 502 })
  return data
}

const app = express()
app.use(express.json())

// What the application calls. A real one has logins; here a sign-up gives a token.
app.post('/signup', async (request, response) => {
  const { username } = request.body ?? {}
  if (typeof username !== 'string' || !username) return response.status(400).json({ error: 'username: a text' })
  const { id, clientSessionToken } = await keystead('POST', '/api/v3/custodians/me/clients', {})
  const token = randomBytes(32).toString('base64url')
  users.set(id, { username, token: digest(token).toString('hex'), cipherText: null, generation: 0, shares: {} })
  save()
  response.status(201).json({ clientId: id, token, clientSessionToken })
})

/** The user at the address, if the token is theirs. */
function authorize(request, response, next) {
  const user = users.get(request.params.clientId)
  const token = request.get('authorization')?.replace(/^Bearer /, '') ?? ''
  if (!user || !same(digest(token).toString('hex'), user.token)) return response.status(401).json({ error: 'not yours' })
  response.locals.user = user
  next()
}

app.post('/clients/:clientId/session', authorize, async (request, response) => {
  response.json(await keystead('POST', `/api/v3/custodians/me/clients/${request.params.clientId}/sessions`, {}))
})

app.get('/clients/:clientId/backup', authorize, (_, response) => {
  response.json({ cipherText: response.locals.user.cipherText })
})

app.post('/clients/:clientId/backup', authorize, (request, response) => {
  const { backupShare, generation = 0 } = request.body ?? {}
  const { user } = response.locals
  if (typeof backupShare !== 'string') return response.status(400).json({ error: 'backupShare: a text' })
  // a request that was overtaken must not put an old text over a newer one
  if (generation < user.generation) return response.status(409).json({ error: 'there is a newer text' })
  Object.assign(user, { cipherText: backupShare, generation })
  save()
  response.json({})
})

app.post('/clients/:clientId/eject-window', authorize, async (request, response) => {
  const path = `/api/v3/custodians/me/clients/${request.params.clientId}/enable-eject`
  response.json(await keystead('PATCH', path, { walletId: request.body?.walletId }))
})

// What the server calls: a share for each user and method, kept as it comes. Never log them.
app.use('/webhook', (request, response, next) => {
  if (!same(request.get('x-webhook-secret'), WEBHOOK_SECRET)) return response.status(401).json({ error: 'wrong secret' })
  next()
})

app.post('/webhook/backup', (request, response) => {
  const { clientId, share, backupMethod = 'UNKNOWN' } = request.body ?? {}
  const user = users.get(clientId)
  if (!user || typeof share !== 'string') return response.status(400).json({ error: 'clientId or share' })
  user.shares[ONE_SHARE ? 'the only one' : backupMethod] = share
  save()
  response.json({ message: 'stored' })
})

app.post('/webhook/backup/fetch', (request, response) => {
  const shares = Object.values(users.get(request.body?.clientId)?.shares ?? {})
  response.json(ONE_SHARE ? { backupShare: shares[0] } : { backupShares: shares })
})

app.use((error, _request, response, _next) => {
  response.status(error.status ?? 500).json({ error: error.status ? error.message : 'failed' })
})

const listening = app.listen(Number(PORT), HOST, async () => {
  const { port } = listening.address()
  if (PUBLIC_URL) await keystead('POST', '/api/webhook', { webhook: `${PUBLIC_URL}/webhook`, secret: WEBHOOK_SECRET })
  console.log(`listening on http://${HOST}:${port}`)
})

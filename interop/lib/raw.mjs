// Plain HTTP against the server: for what the client would never send, and to look at what is stored.
import assert from 'node:assert/strict'
import { record } from './traffic.mjs'

export const ACCESS_KEYS = 'icure-access-control-keys'

export class Raw {
  constructor(base, headers = {}) {
    this.base = base
    this.headers = headers
  }

  /** The same session, with some headers replaced (`undefined` removes one). */
  with(headers) {
    const merged = { ...this.headers, ...headers }
    return new Raw(this.base, Object.fromEntries(Object.entries(merged).filter(([, v]) => v !== undefined)))
  }

  async call(method, path, body) {
    const headers = { accept: 'application/json', ...this.headers }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const answer = await fetch(`${this.base}${path}`, {
      method,
      headers,
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, text, json: asJson(text) }
  }

  get(path) {
    return this.call('GET', `/rest/v2/${path}`)
  }

  post(path, body) {
    return this.call('POST', `/rest/v2/${path}`, body)
  }

  put(path, body) {
    return this.call('PUT', `/rest/v2/${path}`, body)
  }

  delete(path) {
    return this.call('DELETE', `/rest/v2/${path}`)
  }

  /** The JSON of a GET that has to succeed. */
  async read(path) {
    const answer = await this.get(path)
    assert.equal(answer.status, 200, `GET ${path}: ${answer.text}`)
    return answer.json
  }
}

function asJson(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `POST auth/login` by hand; returns the whole answer. */
export function login(server, username, password) {
  return new Raw(server.base).post('auth/login', { username, password })
}

/** A raw session of somebody who has a password. */
export async function rawLogin(server, { login: username, password }) {
  const { status, json } = await login(server, username, password)
  assert.equal(status, 200)
  return new Raw(server.base, { authorization: `Bearer ${json.token}` })
}

/**
 * A raw session with the very headers (bearer token, access control keys) that the client of this
 * person puts on `action`, for instance `() => sdk.contact.getContact(id)`.
 */
export async function rawSession(server, action) {
  const { calls } = await record(action)
  const call = calls.findLast(({ path }) => path.startsWith('/rest/v2/'))
  assert.ok(call, 'the client made no call')
  const first = value => (Array.isArray(value) ? value.join(',') : value)
  const headers = { authorization: first(call.headers.authorization) }
  const keys = first(call.headers[ACCESS_KEYS])
  if (keys) headers[ACCESS_KEYS] = keys
  return new Raw(server.base, headers)
}

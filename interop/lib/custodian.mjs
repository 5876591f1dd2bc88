// The example custodian as a process of its own.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const example = fileURLToPath(new URL('../../examples/custodian/server.mjs', import.meta.url))

/** A free port at first, the same one later, and a file that outlives the process. */
export class Custodian {
  base
  #child
  #folder
  #port = '0'

  async start(environment) {
    this.#folder ??= await mkdtemp(join(tmpdir(), 'keystead-custodian-'))
    const env = { ...process.env, ...environment, PORT: this.#port, DATA_FILE: join(this.#folder, 'users.json') }
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
    this.#port = new URL(this.base).port
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

/** A call with JSON: status, body and cookie. */
export async function call(base, method, path, { key, body, headers } = {}) {
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

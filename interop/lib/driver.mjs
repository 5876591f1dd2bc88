// Our own client as a process that is told what to do, one JSON object a line (crates/sdk/examples/interop_driver.rs).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after } from 'node:test'

const here = fileURLToPath(new URL('..', import.meta.url))
const binary = resolve(here, process.env.KEYSTEAD_DRIVER ?? '../target/debug/examples/interop_driver')

class Driver {
  #child
  #answers

  start() {
    this.#child = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] })
    process.once('exit', () => this.#child.kill('SIGKILL'))
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async stop() {
    const gone = once(this.#child, 'exit')
    this.#child.stdin.end()
    await gone
  }

  async #tell(command) {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error('our client ended')
    const answer = JSON.parse(value)
    if ('error' in answer) throw new Error(`our client: ${answer.error}`)
    return answer.ok
  }

  /** An HCP made by the administrator's command, who uses our client. */
  async newHcp(who, server) {
    const [login, password] = [`${who}@example.org`, `password of ${who}`]
    await server.admin('hcp', 'create', '--login', login, '--password', password, '--first-name', who)
    return this.login(who, server, { login, password })
  }

  /** Somebody who logs in with a password on a new device; `id` and `tell(what, details)`. */
  async login(who, server, { login, password, newKey, recoveryKey }) {
    const command = { do: 'login', who, base: server.base, userName: login, password, newKey, recoveryKey }
    return { login, password, ...this.#person(who, (await this.#tell(command)).id) }
  }

  /** A patient who gets in by a code. */
  async byCode(who, server, address, details = {}) {
    const sent = (await server.outbox(address)).length
    await this.#tell({ do: 'start', who, base: server.base, address, ...details })
    let messages = []
    const until = Date.now() + 10_000
    while (messages.length <= sent) {
      if (Date.now() > until) throw new Error(`nothing was sent to ${address}`)
      messages = await server.outbox(address)
    }
    const { id } = await this.#tell({ do: 'complete', who, code: messages[0].code })
    return this.#person(who, id)
  }

  #person(who, id) {
    return { id, tell: (what, details = {}) => this.#tell({ do: what, who, ...details }) }
  }
}

/** One driver for the tests of a file; people stay logged in. */
export function useDriver() {
  const driver = new Driver()
  driver.start()
  after(() => driver.stop())
  return driver
}

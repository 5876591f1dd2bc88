// Our own client as a process that is told what to do, one JSON object a line (crates/sdk/examples/interop_driver.rs).
import { after } from 'node:test'
import { Told } from './told.mjs'

class Driver extends Told {
  constructor() {
    super('our client', 'interop_driver', 'KEYSTEAD_DRIVER')
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
    return { login, password, ...this.#person(who, (await this.tell(command)).id) }
  }

  /** A patient who gets in by a code. */
  async byCode(who, server, address, details = {}) {
    const sent = (await server.outbox(address)).length
    await this.tell({ do: 'start', who, base: server.base, address, ...details })
    let messages = []
    const until = Date.now() + 10_000
    while (messages.length <= sent) {
      if (Date.now() > until) throw new Error(`nothing was sent to ${address}`)
      messages = await server.outbox(address)
    }
    const { id } = await this.tell({ do: 'complete', who, code: messages[0].code })
    return this.#person(who, id)
  }

  #person(who, id) {
    return { id, tell: (what, details = {}) => this.tell({ do: what, who, ...details }) }
  }
}

/** One driver for the tests of a file; people stay logged in. */
export function useDriver() {
  const driver = new Driver()
  driver.start()
  after(() => driver.stop())
  return driver
}

// A device of a custodian's client, as a process that is told what to do (crates/server/examples/wallet_device.rs).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before } from 'node:test'

const here = fileURLToPath(new URL('..', import.meta.url))
const binary = resolve(here, process.env.KEYSTEAD_DEVICE ?? '../target/debug/examples/wallet_device')

class Devices {
  #child
  #answers
  #count = 0

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
    if (done) throw new Error('the device ended')
    const answer = JSON.parse(value)
    if ('error' in answer) throw Object.assign(new Error(`the server: ${answer.error}`), { code: answer.error })
    return answer.ok
  }

  /** A new device with a key or session token: `create`, `backup`, `recover`, `sign`. */
  async connect(server, bearer) {
    const name = `device ${++this.#count}`
    await this.#tell({ do: 'connect', name, base: server.base, bearer })
    return {
      create: () => this.#tell({ do: 'create', name }),
      backup: method => this.#tell({ do: 'backup', name, method }),
      recover: text => this.#tell({ do: 'recover', name, text }),
      sign: () => this.#tell({ do: 'sign', name }),
    }
  }
}

/** Devices for the tests of a file. */
export function useDevices() {
  const devices = new Devices()
  before(() => devices.start())
  after(() => devices.stop())
  return devices
}

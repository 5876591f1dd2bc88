// A process that does what it is told, one JSON object a line, and answers in one: our own Rust examples.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('..', import.meta.url))

export class Told {
  #who
  #binary
  #child
  #answers

  /** `who` is its name in errors, `example` that of the program, unless the environment names another one. */
  constructor(who, example, environment) {
    this.#who = who
    this.#binary = resolve(here, process.env[environment] ?? `../target/debug/examples/${example}`)
  }

  start() {
    this.#child = spawn(this.#binary, { stdio: ['pipe', 'pipe', 'inherit'] })
    process.once('exit', () => this.#child.kill('SIGKILL'))
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async stop() {
    const gone = once(this.#child, 'exit')
    this.#child.stdin.end()
    await gone
  }

  /** Its answer; or an error, whose `code` is what it said was wrong. */
  async tell(command) {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error(`${this.#who} ended`)
    const answer = JSON.parse(value)
    if ('error' in answer) throw Object.assign(new Error(`${this.#who}: ${answer.error}`), { code: answer.error })
    return answer.ok
  }
}

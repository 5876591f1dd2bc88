// A real `keystead` process for one test file: a free port, an empty data directory, both gone at the end.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before } from 'node:test'
import { promisify } from 'node:util'

const here = fileURLToPath(new URL('..', import.meta.url))
const binary = resolve(here, process.env.KEYSTEAD_BIN ?? '../target/debug/keystead')
const run = promisify(execFile)

const postgres = resolve(here, process.env.KEYSTEAD_POSTGRES_SERVER ?? '../target/debug/examples/postgres_server')

const STARTUP_LIMIT_MS = 30_000

export class Server {
  /** Base URL of the REST API, without a path. */
  base
  #child
  #data
  #postgres
  /** The arguments that say where the server keeps what it knows. */
  #place = []

  /** Base URL of the message gateway. */
  get gateway() {
    return `${this.base}/gw`
  }

  async start() {
    this.#data = await mkdtemp(join(tmpdir(), 'keystead-interop-'))
    this.#place = ['--data', this.#data]
    if (process.env.KEYSTEAD_ENGINE === 'postgres') {
      this.#place.push('--database', await this.#startPostgres())
      await run(binary, ['migrate', ...this.#place])
    }
    process.once('exit', () => this.#child?.kill('SIGKILL'))
    await this.#serve('127.0.0.1:0')
  }

  async #serve(listen) {
    const args = ['serve', '--dev', '--listen', listen, ...this.#place]
    const stderr = process.env.KEYSTEAD_STDERR ? 'inherit' : 'pipe'
    this.#child = spawn(binary, args, { stdio: ['ignore', 'pipe', stderr] })
    this.base = await this.#ready()
  }

  /** Ends it as a crash would, and starts it again on what it stored, at the same address. */
  async restart() {
    await this.#kill()
    await this.#serve(new URL(this.base).host)
  }

  async #kill() {
    if (!this.#child || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  /** A database server of our own; it ends when its standard input does, with this process at the latest. */
  async #startPostgres() {
    this.#postgres = spawn(postgres, { stdio: ['pipe', 'pipe', 'inherit'] })
    const [url] = await once(this.#postgres.stdout, 'data')
    return String(url).trim()
  }

  #ready() {
    const child = this.#child
    return new Promise((done, fail) => {
      let out = ''
      let err = ''
      const give = why => fail(new Error(`${why}: ${binary}\n${out}${err}`))
      const timer = setTimeout(give, STARTUP_LIMIT_MS, 'the server did not say that it is ready')
      child.once('error', e => give(e.message))
      child.once('exit', code => give(`the server ended with ${code}`))
      child.stderr?.on('data', chunk => {
        err = (err + chunk).slice(-10_000)
      })
      child.stdout.on('data', chunk => {
        out += chunk
        const url = /(http:\/\/127\.0\.0\.1:\d+)(?!\d)[^]*\n/.exec(out)?.[1]
        if (!url) return
        clearTimeout(timer)
        child.removeAllListeners('exit')
        done(url)
      })
    })
  }

  async stop() {
    await this.#kill()
    if (this.#postgres) {
      const gone = once(this.#postgres, 'exit')
      this.#postgres.stdin.end()
      await gone
    }
    if (this.#data) await rm(this.#data, { recursive: true, force: true })
  }

  /** `keystead admin …` on the data directory of the running server; returns the JSON it prints. */
  async admin(...args) {
    const { stdout } = await run(binary, ['admin', ...args, ...this.#place])
    return JSON.parse(stdout)
  }

  /** Messages sent to an address, newest first. */
  async outbox(to) {
    const answer = await fetch(`${this.base}/dev/outbox?to=${encodeURIComponent(to)}`)
    if (!answer.ok) throw new Error(`outbox answered ${answer.status}`)
    return answer.json()
  }

  /** The newest one-time code sent to an address. */
  async code(to) {
    const [newest] = await this.outbox(to)
    if (!newest) throw new Error(`nothing was sent to ${to}`)
    return newest.code
  }
}

/** One server for the tests of a file or of a `describe`; `setup` runs once, when it is ready. */
export function useServer(setup) {
  const server = new Server()
  // One hook for both: Node 20 does not wait for one hook at the top of a file before the next.
  before(async () => {
    await server.start()
    await setup?.(server)
  })
  after(() => server.stop())
  return server
}

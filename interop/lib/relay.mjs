// A relay in front of the server whose connections can be cut: what a bad network does to web sockets.
import { createServer, connect } from 'node:net'
import { once } from 'node:events'

export class Relay {
  #server
  #pairs = new Set()

  /** Relays to the server at `base`; `url` is where. */
  async start(base) {
    const { hostname, port } = new URL(base)
    this.#server = createServer(near => {
      const far = connect(Number(port), hostname)
      const pair = [near, far]
      this.#pairs.add(pair)
      const gone = () => {
        this.#pairs.delete(pair)
        for (const socket of pair) socket.destroy()
      }
      for (const [from, to] of [[near, far], [far, near]]) {
        from.on('error', gone)
        from.on('close', gone)
        from.pipe(to)
      }
    })
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.url = `http://127.0.0.1:${this.#server.address().port}`
  }

  /** Cuts every connection; new ones are relayed again. Returns how many there were. */
  cut() {
    const pairs = [...this.#pairs]
    for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy()
    return pairs.length
  }

  stop() {
    this.cut()
    this.#server.close()
  }
}

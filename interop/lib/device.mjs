// A device of a custodian's client, as a process that is told what to do (crates/server/examples/wallet_device.rs).
import { after, before } from 'node:test'
import { Told } from './told.mjs'

class Devices extends Told {
  #count = 0

  constructor() {
    super('the device', 'wallet_device', 'KEYSTEAD_DEVICE')
  }

  /** A new device with a key or session token: `create`, `backup`, `recover`, `sign`. */
  async connect(server, bearer) {
    const name = `device ${++this.#count}`
    await this.tell({ do: 'connect', name, base: server.base, bearer })
    return {
      create: () => this.tell({ do: 'create', name }),
      backup: method => this.tell({ do: 'backup', name, method }),
      recover: text => this.tell({ do: 'recover', name, text }),
      sign: () => this.tell({ do: 'sign', name }),
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

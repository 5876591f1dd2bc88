// What an application decides about keys: crypto strategies of the client.
import { CryptoStrategies } from '@icure/cardinal-sdk'

const hex = bytes => Buffer.from(bytes).toString('hex')

/** A new device of somebody who lost the key: makes a new one and tells everybody who shares with this person. */
export class NewKeyAndNotify extends CryptoStrategies {
  /** Resolves with the new public key when all notifications are out. The client does not wait for it. */
  notified
  #done
  #failed

  constructor() {
    super()
    this.notified = new Promise((done, failed) => {
      this.#done = done
      this.#failed = failed
    })
  }

  async notifyNewKeyCreated(apis, key, primitives) {
    try {
      const publicKey = hex(await primitives.rsa.exportPublicKeySpki(key.public))
      await apis.cardinalMaintenanceTask.createKeyPairUpdateNotificationsToAllDelegationCounterparts(publicKey)
      this.#done(publicKey)
    } catch (error) {
      this.#failed(error)
    }
  }
}

/** An old device that trusts the other keys of its user, because the user compared them. */
export class TrustOwnKeys extends CryptoStrategies {
  verified = []

  async recoverAndVerifySelfHierarchyKeys(keysData) {
    return Object.fromEntries(
      keysData.map(({ dataOwnerDetails, unknownKeys }) => {
        this.verified.push(...unknownKeys)
        const keyAuthenticity = Object.fromEntries(unknownKeys.map(key => [key, true]))
        return [dataOwnerDetails.dataOwner.id, { recoveredKeys: {}, keyAuthenticity }]
      }),
    )
  }

  async generateNewKeyForDataOwner() {
    throw new Error('this device has its key')
  }
}

/** A device without keys, whose user typed the recovery key. */
export class UseRecoveryKey extends CryptoStrategies {
  result

  constructor(recoveryKey, { autoDelete = true } = {}) {
    super()
    this.recoveryKey = recoveryKey
    this.autoDelete = autoDelete
  }

  async recoverAndVerifySelfHierarchyKeys(keysData, primitives, recoverer) {
    this.result = await recoverer.recoverWithRecoveryKey(this.recoveryKey, this.autoDelete)
    return Object.fromEntries(
      keysData.map(({ dataOwnerDetails }) => {
        const { id } = dataOwnerDetails.dataOwner
        return [id, { recoveredKeys: this.result.data?.[id] ?? {}, keyAuthenticity: {} }]
      }),
    )
  }

  async generateNewKeyForDataOwner() {
    throw new Error('nothing was recovered')
  }
}

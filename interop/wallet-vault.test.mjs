// The key of a wallet's backup is among the patient's records. A doctor with the official client, who knows nothing of
// wallets, gives access back to the records, and the wallet comes back with them.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { KeyPairUpdateNotification, MaintenanceTaskFilters } from '@icure/cardinal-sdk'
import { recoverMessageAddress } from 'viem'
import { useDriver } from './lib/driver.mjs'
import { all } from './lib/expect.mjs'
import { newEmail, newHcp } from './lib/people.mjs'
import { useServer } from './lib/server.mjs'

const driver = useDriver()
let jorah
const server = useServer(async () => {
  jorah = await newHcp(server, { responsible: true })
})

it('who gives the records back brings the wallet back', async () => {
  const address = newEmail('daenerys')
  const phone = await driver.byCode('daenerys', server, address, { responsible: jorah.id })
  await phone.tell('patient.current')
  await phone.tell('wallet.create')
  const addresses = await phone.tell('wallet.addresses')
  const { text } = await phone.tell('wallet.backUp')
  await phone.tell('wallet.stored', { stored: true })

  const again = await driver.byCode('daenerys again', server, address, { responsible: jorah.id, newKey: true })
  await again.tell('patient.current')
  await assert.rejects(again.tell('wallet.recover', { text }), /access|no key/)
  await again.tell('recovery.ask')
  const filter = MaintenanceTaskFilters.byTypeForSelf(KeyPairUpdateNotification.TASK_TYPE)
  for (const task of await all(await jorah.sdk.maintenanceTask.filterMaintenanceTasksBy(filter))) {
    const notification = KeyPairUpdateNotification.parseFromMaintenanceTask(task)
    await jorah.sdk.cardinalMaintenanceTask.applyKeyPairUpdate(notification)
  }
  await again.tell('recovery.reload')

  await again.tell('wallet.recover', { text })
  await again.tell('wallet.stored', { stored: true })
  assert.deepEqual(await again.tell('wallet.addresses'), addresses)
  const message = 'I am still here'
  const signature = await again.tell('wallet.request', { method: 'personal_sign', params: [message, addresses.evm] })
  assert.equal(await recoverMessageAddress({ message, signature }), addresses.evm)
})

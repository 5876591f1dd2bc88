// The official client's part of `cargo xtask bench sdk`: what our own client does too, on the same server.
// Reads a JSON file with the account and the ids, prints one JSON object with milliseconds.
import { readFileSync } from 'node:fs'
import { AuthenticationMethod, CardinalSdk, DecryptedContact, DecryptedContent, DecryptedService } from '@icure/cardinal-sdk'

const state = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const kept = new Map(Object.entries(state.storage))
const storage = {
  getItem: async (key) => kept.get(key),
  setItem: async (key, value) => { kept.set(key, value) },
  removeItem: async (key) => { kept.delete(key) },
}
const { UsernameLongToken } = AuthenticationMethod.UsingCredentials

const timed = async (work) => {
  const [began, cpu] = [performance.now(), process.cpuUsage()]
  const value = await work()
  const used = process.cpuUsage(cpu)
  return [value, { milliseconds: performance.now() - began, processor: (used.user + used.system) / 1000 }]
}

const [[sdk, patient], start] = await timed(async () => {
  const login = new UsernameLongToken(state.userName, state.token)
  const sdk = await CardinalSdk.initialize('org.example.bench', state.base, login, storage, {})
  return [sdk, await sdk.patient.getPatient(state.patient)]
})

const user = await sdk.user.getCurrentUser()
const [, create] = await timed(async () => {
  for (let number = 0; number < state.create; number++) {
    const content = { en: new DecryptedContent({ stringValue: `sample ${number}: ${state.text}` }) }
    const contact = new DecryptedContact({ services: [new DecryptedService({ label: 'bench', content })] })
    await sdk.contact.createContact(await sdk.contact.withEncryptionMetadata(contact, patient, { user }))
  }
})

const [read, reading] = await timed(async () => {
  let read = 0
  for (let from = 0; from < state.samples.length; from += 500) {
    const services = await sdk.contact.getServices(state.samples.slice(from, from + 500))
    read += services.filter(service => service.content.en.stringValue.includes(state.text)).length
  }
  return read
})
if (read !== state.samples.length) throw new Error(`read ${read} of ${state.samples.length}`)

const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
console.log(JSON.stringify({ start, create, read: reading, peakKib: peak }))
process.exit()

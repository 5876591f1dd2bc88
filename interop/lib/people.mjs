// People of the stories: they sign in with the official client, each on a device of its own.
import {
  AccessLevel,
  AuthenticationMethod,
  AuthenticationProcessTelecomType,
  CaptchaOptions,
  CardinalSdk,
  randomUuid,
} from '@icure/cardinal-sdk'

export const APP = 'org.example.interop'
export const SPEC = 'dev'

const { UsernamePassword, UsernameLongToken } = AuthenticationMethod.UsingCredentials

/** Storage of one device. An empty one is a device that never saw the user, or that lost everything. */
export class Device {
  #items = new Map()

  async getItem(key) {
    return this.#items.get(key)
  }

  async setItem(key, value) {
    this.#items.set(key, value)
  }

  async removeItem(key) {
    this.#items.delete(key)
  }
}

let counter = 0
const next = prefix => `${prefix}.${++counter}`

export const captcha = {
  kerberus: () => new CaptchaOptions.Kerberus.Delegated({}),
  recaptcha: () => new CaptchaOptions.Recaptcha({ solution: 'a token of reCAPTCHA' }),
  friendly: () => new CaptchaOptions.FriendlyCaptcha({ solution: 'a solution of FriendlyCaptcha' }),
}

export const newEmail = name => `${next(name)}@example.org`
export const newPhone = () => `+3247000${String(1000 + ++counter)}`

/** Signs in with a password. `secret` may be a long-lived token with `token: true`. */
export async function signIn(server, { login, secret, token = false, device = new Device(), ...options }) {
  const method = token ? new UsernameLongToken(login, secret) : new UsernamePassword(login, secret)
  return CardinalSdk.initialize(APP, server.base, method, device, {
    saltPasswordWithApplicationId: false,
    ...options,
  })
}

/** An HCP made by the administrator's command, signed in with its password. */
export async function newHcp(server, { firstName = 'Jorah', lastName = 'Mormont', responsible = false, admin = false, ...options } = {}) {
  const login = newEmail(firstName.toLowerCase())
  const password = `password of ${login}`
  const names = ['--first-name', firstName, '--last-name', lastName, '--email', login]
  const flags = [...(responsible ? ['--responsible'] : []), ...(admin ? ['--admin'] : [])]
  const made = await server.admin('hcp', 'create', '--login', login, '--password', password, ...names, ...flags)
  const device = new Device()
  const sdk = await signIn(server, { login, secret: password, device, ...options })
  return { sdk, id: made.dataOwnerId, userId: made.userId, groupId: made.groupId, login, password, device }
}

/** First half of an authentication by one-time code: the code is on its way to `address`. */
export async function startProcess(
  server,
  { process, address, solution = captcha.kerberus(), firstName, lastName, device = new Device(), ...options },
) {
  const telecom = process.endsWith('-sms')
    ? AuthenticationProcessTelecomType.MobilePhone
    : AuthenticationProcessTelecomType.Email
  const names = { firstName, lastName }
  return CardinalSdk.initializeWithProcess(
    APP, server.base, server.gateway, SPEC, process, telecom, address, solution, device, names, options,
  )
}

/** Both halves: start, read the code that was sent, complete. Used to register and to log in again. */
export async function byCode(server, request) {
  const step = await startProcess(server, request)
  return step.completeAuthentication(await server.code(request.address))
}

/** A patient who registered by e-mail and shares its record with the given HCPs. */
export async function newPatient(server, { firstName = 'Daenerys', lastName = 'Targaryen', sharingWith = [] } = {}) {
  const address = newEmail(firstName.toLowerCase())
  const device = new Device()
  const sdk = await byCode(server, { process: 'patient-email', address, firstName, lastName, device })
  const user = await sdk.user.getCurrentUser()
  await initializeSelf(sdk, sharingWith)
  return { sdk, id: user.patientId, userId: user.id, groupId: user.groupId, address, device }
}

/** Gives a new patient its first metadata and saves it; later, only adds what is missing. */
export async function initializeSelf(sdk, hcpIds) {
  const sharingWith = Object.fromEntries(hcpIds.map(id => [id, AccessLevel.Write]))
  const record = await sdk.patient.ensureEncryptionMetadataForSelfIsInitialized({ sharingWith })
  const stored = await sdk.patient.encrypted.getPatient(record.id)
  // The client gives back an unsaved record when there was no metadata at all.
  return stored.securityMetadata ? stored : sdk.patient.encrypted.modifyPatient(record)
}

export { AccessLevel, randomUuid }

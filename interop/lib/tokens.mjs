// Tokens and one-time passwords.
import { createHash, createHmac, randomBytes } from 'node:crypto'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Payload of a JWT, decoded with the standard base64 alphabet, as this client does it. */
export function claims(jwt) {
  const [, payload] = jwt.split('.')
  if (/[-_]/.test(payload)) throw new Error('this client cannot decode a payload that has "-" or "_" in it')
  return JSON.parse(Buffer.from(payload, 'base64').toString('utf8'))
}

/** What the client sends instead of a password when it salts. */
export const salted = (password, applicationId) =>
  createHash('sha256').update(password + applicationId).digest('base64')

/** A new secret of an authenticator application. */
export const newTotpSecret = () => [...randomBytes(32)].map(byte => BASE32[byte % 32]).join('')

/** The one-time password of RFC 6238, `steps` periods of 30 seconds from now. */
export function totp(secret, steps = 0) {
  const bits = [...secret].map(letter => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map(byte => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps))
  const mac = createHmac('sha1', key).update(counter).digest()
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

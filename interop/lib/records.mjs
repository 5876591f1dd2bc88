// Medical records, made by the client: every entity here is encrypted before it leaves this process.
import {
  AccessLevel,
  CodeStub,
  DecryptedContact,
  DecryptedContent,
  DecryptedDocument,
  DecryptedHealthElement,
  DecryptedPatient,
  DecryptedService,
  randomUuid,
} from '@icure/cardinal-sdk'

export const tag = (type, code, version = '1') =>
  new CodeStub({ id: `${type}|${code}|${version}`, type, code, version })

/** A measurement with a text that only its readers may see. */
export const sample = (text, service = {}) =>
  new DecryptedService({
    label: 'sample',
    valueDate: 20230328100113,
    tags: [tag('IC-TEST', 'TEST')],
    content: { en: new DecryptedContent({ stringValue: text }) },
    ...service,
  })

export const readers = (ids, level = AccessLevel.Write) => Object.fromEntries([ids].flat().map(id => [id, level]))

/** What the client needs besides the entity: auto-delegations of the user, or named delegates. */
async function audience(sdk, { sharedWith, level, autoShare = false, secretId }) {
  const delegates = sharedWith && readers(sharedWith, level)
  const user = autoShare ? await sdk.user.getCurrentUser() : undefined
  return { delegates, user, secretId }
}

const asPatient = (sdk, patient) => (typeof patient === 'string' ? sdk.patient.getPatient(patient) : patient)

/** A contact with metadata, not yet sent. */
export async function draftContact({ sdk }, patient, contact = {}, options = {}) {
  const whole = new DecryptedContact({ openingDate: 20220929083400, ...contact })
  return sdk.contact.withEncryptionMetadata(whole, await asPatient(sdk, patient), await audience(sdk, options))
}

/** A contact of the patient; options: `sharedWith` (ids), `level`, `autoShare`. */
export async function addContact(person, patient, contact = {}, options = {}) {
  return person.sdk.contact.createContact(await draftContact(person, patient, contact, options))
}

export async function addHealthElement({ sdk }, patient, element = {}, options = {}) {
  const whole = new DecryptedHealthElement(element)
  const ready = await sdk.healthElement.withEncryptionMetadata(
    whole, await asPatient(sdk, patient), await audience(sdk, options),
  )
  return sdk.healthElement.createHealthElement(ready)
}

export async function addDocument({ sdk }, document = {}, options = {}) {
  const whole = new DecryptedDocument(document)
  const ready = await sdk.document.withEncryptionMetadata(whole, options.message, await audience(sdk, options))
  return sdk.document.createDocument(ready)
}

/** A patient record made by an HCP. */
export async function addPatient({ sdk }, patient = {}, options = {}) {
  const whole = new DecryptedPatient({ firstName: 'Sansa', lastName: 'Stark', ...patient })
  return sdk.patient.createPatient(await sdk.patient.withEncryptionMetadata(whole, await audience(sdk, options)))
}

/** Text of the first language of a service. */
export const textOf = service => Object.values(service.content)[0]?.stringValue

export const secretText = () => `secret ${randomUuid()}`

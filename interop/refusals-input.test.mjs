// Refusals: input that is wrong. The answer is a 4xx, it names the field, and nothing is stored.
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, it } from 'node:test'
import { randomUuid } from '@icure/cardinal-sdk'
import { badField, status } from './lib/expect.mjs'
import { newHcp } from './lib/people.mjs'
import { rawLogin } from './lib/raw.mjs'
import { addContact, addHealthElement, addPatient, sample } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'

let doctor, raw, patientId, contactId, elementId
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  const patient = await addPatient(doctor)
  patientId = patient.id
  contactId = (await addContact(doctor, patient, { services: [sample('x')] })).id
  elementId = (await addHealthElement(doctor, patient, { descr: 'x' })).id
  raw = await rawLogin(server, doctor)
})

/** PUTs a stored entity with one change that has to be refused for `field`. */
async function badChange(path, id, change, field) {
  const before = await raw.read(`${path}/${id}`)
  badField(await raw.put(path, { ...before, ...change }), field)
  assert.deepEqual(await raw.read(`${path}/${id}`), before)
}

const contact = (change, field) => badChange('contact', contactId, change, field)
const patient = (change, field) => badChange('patient', patientId, change, field)
const element = (change, field) => badChange('helement', elementId, change, field)

describe('a property', () => {
  it('that the type does not have', async () => {
    await contact({ surprise: 1 }, 'surprise')
    await patient({ shoeSize: 42 }, 'shoeSize')
    const { services } = await raw.read(`contact/${contactId}`)
    await contact({ services: [{ ...services[0], surprise: true }] }, 'surprise')
    badField(await raw.post('hcparty', { id: randomUuid(), lastName: 'X', surprise: 1 }), 'surprise')
    badField(await raw.post('user', { id: randomUuid(), login: 'x', surprise: 1 }), 'surprise')
  })

  it('that is null but may not be', async () => {
    await contact({ services: null }, 'services')
    await contact({ tags: null }, 'tags')
    await patient({ active: null }, 'active')
    await element({ status: null }, 'status')
  })

  it('that is a fraction but has to be an integer', async () => {
    await contact({ openingDate: 20230101000000.5 }, 'openingDate')
    await patient({ dateOfBirth: 1.5 }, 'dateOfBirth')
    await element({ status: 0.5 }, 'status')
  })

  it('that is none of the values there are', async () => {
    await patient({ gender: 'Male' }, 'gender')
    await patient({ deactivationReason: 'bored' }, 'deactivationReason')
    await element({ laterality: 'both' }, 'laterality')
  })

  it('that has another type', async () => {
    await contact({ descr: 7 }, 'descr')
    await contact({ tags: 'one' }, 'tags')
    await contact({ openingDate: '20230101000000' }, 'openingDate')
    await patient({ firstName: ['A'] }, 'firstName')
    await patient({ active: 'yes' }, 'active')
    await element({ securityMetadata: [] }, 'securityMetadata')
  })

  it('that is missing but required', async () => {
    badField(await raw.post('contact', {}), 'id')
    badField(await raw.post('hcparty', { lastName: 'X' }), 'id')
  })

  it('of an older client that no type has is left out', async () => {
    const before = await raw.read(`contact/${contactId}`)
    const answer = await raw.put('contact', { ...before, _type: 'Contact', java_type: 'org.taktik.icure.Contact' })
    status(answer, 200)
    assert.deepEqual([answer.json._type, answer.json.java_type], [undefined, undefined])
  })
})

describe('an integer', () => {
  it('may be written with a zero fraction or an exponent only if it comes back without', async () => {
    const before = await raw.read(`contact/${contactId}`)
    const text = JSON.stringify({ ...before, closingDate: 1 }).replace('"closingDate":1', '"closingDate":20230101000000.0')
    const answer = await raw.put('contact', text)
    if (answer.status === 200) assert.match(answer.text, /"closingDate":20230101000000[,}]/)
    else badField(answer, 'closingDate')
  })

  it('keeps all its digits', async () => {
    const before = await raw.read(`contact/${contactId}`)
    const text = JSON.stringify({ ...before, endOfLife: 1 }).replace('"endOfLife":1', '"endOfLife":9007199254740993')
    const answer = await raw.put('contact', text)
    status(answer, 200)
    assert.ok(answer.text.includes('"endOfLife":9007199254740993'))
  })
})

describe('a body', () => {
  it('that is not JSON, or not the right kind of it', async () => {
    for (const body of ['', '{', 'null', '[]', '"text"', '42', '{"id":', '\u0000', '{"id":"a","id":"b"}']) {
      status(await raw.post('contact', body), [400, 403, 422])
      status(await raw.post('user', body), [400, 403, 422])
      status(await raw.put('contact/bulkSharedMetadataUpdate', body), [400, 422])
      status(await raw.post('contact/match', body), [400, 422])
    }
    status(await raw.post('contact/batch', {}), [400, 422])
    status(await raw.post('auth/login', '{'), [400, 401, 422])
  })

  it('that is deeply nested', async () => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000)
    status(await raw.post('contact', `{"id":"a","tags":${deep}}`), [400, 422])
    let filter = { $type: 'ContactByHcPartyFilter', hcpId: doctor.id }
    for (let i = 0; i < 2000; i++) filter = { $type: 'UnionFilter', filters: [filter] }
    status(await raw.post('contact/match', filter), [400, 422])
  })

  it('that is larger than anything reasonable', async () => {
    const size = 256 * 1024 * 1024
    const answer = await new Promise((done, fail) => {
      const headers = { ...raw.headers, 'content-type': 'application/json', 'content-length': size }
      const call = request(`${server.base}/rest/v2/contact`, { method: 'POST', headers })
      const chunk = Buffer.alloc(64 * 1024, ' ')
      let left = size
      const send = () => {
        while (left > 0 && !call.destroyed && !call.res) {
          left -= chunk.length
          if (!call.write(chunk)) return
        }
      }
      call.on('drain', send)
      call.on('error', fail)
      call.on('response', response => {
        done(response.statusCode)
        call.destroy()
      })
      send()
    })
    assert.equal(answer, 413)
    status(await raw.get('user/current'), 200)
  })
})

describe('a filter', () => {
  const match = filter => raw.post('contact/match', filter)

  it('that nobody knows, or that is for something else', async () => {
    status(await match({ $type: 'NoSuchFilter' }), 400)
    status(await match({ $type: 'PatientByHcPartyNameFilter', name: 'x', healthcarePartyId: doctor.id }), 400)
    status(await match({ hcpId: doctor.id }), 400)
    const hidden = { $type: 'UnionFilter', filters: [{ $type: 'NoSuchFilter' }] }
    status(await match(hidden), 400)
  })

  it('that lacks what it needs', async () => {
    badField(await match({ $type: 'ContactByExternalIdFilter' }), 'externalId')
    const dates = { $type: 'ContactByDataOwnerPatientOpeningDateFilter', dataOwnerId: doctor.id }
    badField(await match({ ...dates, secretForeignKeys: 'one' }), 'secretForeignKeys')
    badField(await match({ ...dates, secretForeignKeys: [], startDate: 'yesterday' }), 'startDate')
  })

  it('with keys that it does not have is taken', async () => {
    const answer = await match({ $type: 'ContactByHcPartyFilter', hcpId: doctor.id, desc: null, more: 1 })
    assert.deepEqual([answer.status, answer.json], [200, [contactId]])
  })

  it('in a page has its limits', async () => {
    const filter = { filter: { $type: 'ContactByHcPartyFilter', hcpId: doctor.id }, predicate: null }
    const page = await raw.post('contact/filter?limit=1', filter)
    status(page, 200)
    assert.deepEqual(Object.keys(page.json).filter(key => !['rows', 'nextKeyPair'].includes(key)), [])
    status(await raw.post('contact/filter?limit=-1', filter), [400, 422])
    status(await raw.post('contact/filter?limit=many', filter), [400, 422])
  })
})

describe('an identifier', () => {
  it('that is empty or endless', async () => {
    const own = { delegator: doctor.id, delegate: doctor.id, exchangeDataId: randomUuid(), permissions: 'WRITE' }
    const securityMetadata = { secureDelegations: { ['a'.repeat(64)]: own } }
    for (const id of ['', 'x'.repeat(300)]) badField(await raw.post('contact', { id, securityMetadata }), 'id')
    for (const id of ['..%2F..%2Fetc', '%00', 'x'.repeat(5000)]) status(await raw.get(`contact/${id}`), [400, 403, 404, 414])
  })

  it('of a path that does not exist', async () => {
    for (const path of ['nothing', 'contact/a/b/c', 'dataowner/stub']) status(await raw.get(path), [404, 405])
  })
})

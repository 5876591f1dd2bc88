// Refusals: what a session may not do, whatever it sends. Mostly raw HTTP; the client would not try.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { ContactShareOptions, RequestedPermission, randomUuid } from '@icure/cardinal-sdk'
import { badField, status } from './lib/expect.mjs'
import { byCode, newEmail, newHcp, newPatient } from './lib/people.mjs'
import { ACCESS_KEYS, Raw, rawLogin, rawSession } from './lib/raw.mjs'
import { addContact, sample } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'

let doctor, reader, stranger, patient, contact
let asDoctor, asReader, asStranger, asPatient
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  reader = await newHcp(server, { firstName: 'Catelyn', lastName: 'Tully' })
  stranger = await newHcp(server, { firstName: 'Ramsay', lastName: 'Snow' })
  patient = await newPatient(server, { sharingWith: [doctor.id] })
  const made = await addContact(patient, patient.id, { services: [sample('mine')] }, { autoShare: true })
  const options = new ContactShareOptions({ requestedPermissions: RequestedPermission.MaxRead })
  contact = await patient.sdk.contact.shareWith(reader.id, made, { options })
  ;[asDoctor, asReader, asStranger] = await Promise.all([doctor, reader, stranger].map(hcp => rawLogin(server, hcp)))
  asPatient = await rawSession(server, () => patient.sdk.contact.getContact(contact.id))
})

const NO = [403, 404]
const stored = () => asDoctor.read(`contact/${contact.id}`)

describe('without a session', () => {
  it('nothing is given', async () => {
    const nobody = new Raw(server.base)
    for (const path of ['user/current', 'dataowner/current', `contact/${contact.id}`, `dataowner/stub/${doctor.id}`]) {
      status(await nobody.get(path), 401)
    }
    status(await nobody.post('contact/byIds', { ids: [contact.id] }), 401)
    status(await nobody.with({ authorization: 'Bearer nonsense' }).get('user/current'), 401)
  })
})

describe('without a delegation', () => {
  it('an HCP neither reads, nor writes, nor deletes', async () => {
    const before = await stored()
    status(await asStranger.get(`contact/${contact.id}`), NO)
    status(await asStranger.put('contact', { ...before, location: 'here' }), NO)
    status(await asStranger.delete(`contact/${contact.id}?rev=${before.rev}`), NO)
    status(await asStranger.delete(`contact/purge/${contact.id}?rev=${before.rev}`), NO)
    const lists = [['contact/byIds', { ids: [contact.id] }], ['contact/service', { ids: [contact.services[0].id] }]]
    for (const [path, body] of lists) assert.deepEqual((await asStranger.post(path, body)).json, [])
    assert.deepEqual((await asStranger.put('contact/batch', [{ ...before, location: 'here' }])).json, [])
    assert.deepEqual((await asStranger.post('contact/delete/batch', { ids: [contact.id] })).json, [])
    assert.deepEqual(await stored(), before)
  })

  it('a patient without its keys is nobody', async () => {
    status(await asPatient.get(`contact/${contact.id}`), 200)
    status(await asPatient.with({ [ACCESS_KEYS]: undefined }).get(`contact/${contact.id}`), NO)
    const guess = randomBytes(16).toString('base64')
    status(await asPatient.with({ [ACCESS_KEYS]: guess }).get(`contact/${contact.id}`), NO)
  })

  it('with READ an HCP does not write', async () => {
    const before = await asReader.read(`contact/${contact.id}`)
    status(await asReader.put('contact', { ...before, location: 'here' }), 403)
    status(await asReader.delete(`contact/${contact.id}?rev=${before.rev}`), 403)
    assert.deepEqual(await stored(), before)
  })

  it('search keys of others find nothing', async () => {
    const filter = { $type: 'ContactByHcPartyFilter', hcpId: doctor.id }
    assert.deepEqual((await asStranger.post('contact/match', filter)).json, [])
    const [key] = Object.keys(contact.securityMetadata.secureDelegations)
    assert.deepEqual((await asStranger.post('contact/match', { ...filter, hcpId: key })).json, [])
  })
})

describe('revisions', () => {
  it('that are stale or missing are refused', async () => {
    const now = await stored()
    for (const rev of ['1-00000000000000000000000000000000', 'x', contact.rev + '0']) {
      status(await asDoctor.put('contact', { ...now, rev }), 409)
      status(await asDoctor.delete(`contact/${contact.id}?rev=${encodeURIComponent(rev)}`), 409)
    }
    status(await asDoctor.put('contact', { ...now, rev: undefined }), [400, 409, 422])
    status(await asDoctor.post('contact', { ...now, rev: undefined }), 409)
    assert.equal((await stored()).rev, now.rev)
  })
})

describe('sharing', () => {
  const share = (request, potentialParentDelegations, id = contact.id) => ({
    requestsByEntityId: { [id]: { requests: { 0: { share: request } }, potentialParentDelegations } },
  })
  const toSelf = ({ id }, requestedPermissions = 'MAX_WRITE') => ({
    explicitDelegator: id,
    explicitDelegate: id,
    exchangeDataId: randomUuid(),
    accessControlKeys: [randomBytes(16).toString('hex')],
    requestedPermissions,
  })
  const rejected = async (raw, body, id = contact.id) => {
    const before = await stored()
    const answer = await raw.put('contact/bulkSharedMetadataUpdate', body)
    if (answer.status !== 200) return status(answer, NO)
    const [result] = answer.json
    assert.equal(result.entityId, id)
    assert.ok(result.rejectedRequests['0'].code >= 400)
    assert.equal(result.rejectedRequests['0'].shouldRetry ?? false, false)
    assert.equal(result.updatedEntity, undefined)
    assert.deepEqual(await stored(), before)
  }

  it('with a parent that the caller cannot use is rejected', async () => {
    const { secureDelegations } = (await stored()).securityMetadata
    await rejected(asStranger, share(toSelf(stranger), Object.keys(secureDelegations)))
    const [root] = Object.entries(secureDelegations).find(([, { parentDelegations }]) => !parentDelegations?.length)
    await rejected(asReader, share({ ...toSelf(reader), explicitDelegate: stranger.id }, [root]))
  })

  it('without any parent is rejected', async () => {
    await rejected(asDoctor, share({ ...toSelf(doctor), explicitDelegate: stranger.id }, []))
    await rejected(asDoctor, share({ ...toSelf(doctor), explicitDelegate: stranger.id }, ['0'.repeat(64)]))
  })

  it('as ROOT is for the patient on its own record only', async () => {
    await rejected(asStranger, share(toSelf(stranger, 'ROOT'), []))
    await rejected(asDoctor, share(toSelf(doctor, 'ROOT'), []))
    await rejected(asReader, share(toSelf(reader, 'ROOT'), Object.keys(contact.securityMetadata.secureDelegations)))
  })

  it('does not turn READ into WRITE', async () => {
    const { secureDelegations } = (await stored()).securityMetadata
    const [own] = Object.entries(secureDelegations).find(([, { delegate }]) => delegate === reader.id)
    await rejected(asReader, share(toSelf(reader, 'FULL_WRITE'), [own]))
  })

  it('of something that does not exist is rejected', async () => {
    const id = randomUuid()
    const [result] = (await asDoctor.put('contact/bulkSharedMetadataUpdate', share(toSelf(doctor), [], id))).json
    assert.deepEqual([result.entityId, result.rejectedRequests['0'].code], [id, 404])
  })

  it('of nothing is fine', async () => {
    const answer = await asDoctor.put('contact/bulkSharedMetadataUpdate', { requestsByEntityId: {} })
    assert.deepEqual([answer.status, answer.json], [200, []])
  })
})

describe('new entities', () => {
  const create = (secureDelegations, raw = asDoctor) =>
    raw.post('contact', { id: randomUuid(), securityMetadata: { secureDelegations } })
  const key = () => randomBytes(32).toString('hex')
  const own = more => {
    const both = { delegator: doctor.id, delegate: doctor.id }
    return { ...both, exchangeDataId: randomUuid(), permissions: 'WRITE', ...more }
  }
  const forOther = more => ({ ...own({ delegator: stranger.id, delegate: stranger.id }), ...more })

  it('need a delegation through which the maker can write', async () => {
    status(await create({ [key()]: own() }), 200)
    status(await create({ [key()]: forOther() }), 403)
    status(await create({ [key()]: { permissions: 'WRITE' } }), 403)
    status(await create({}), [400, 403, 422])
    status(await asDoctor.post('contact', { id: randomUuid() }), [400, 403, 422])
  })

  it('need delegations that make sense', async () => {
    const [a, b] = [key(), key()]
    status(await create({ [a]: own({ permissions: 'READ' }) }), [400, 403, 422])
    status(await create({ [a]: own(), [b]: own({ parentDelegations: [b] }) }), [400, 422])
    const circle = { [a]: own({ parentDelegations: [b] }), [b]: own({ parentDelegations: [a] }) }
    status(await create(circle), [400, 422])
    status(await create({ [a]: own(), [b]: { exchangeDataId: randomUuid(), permissions: 'WRITE' } }), [400, 422])
    status(await create({ [a]: own({ exchangeDataId: undefined }) }), [400, 422])
    badField(await create({ [a]: own({ permissions: 'ADMIN' }) }), 'permissions')
    status(await create({ 'not a hash': own() }), [400, 422])
  })
})

describe('the access control header', () => {
  const withKeys = keys => asPatient.with({ [ACCESS_KEYS]: keys })

  it('has to be base64 of whole keys', async () => {
    for (const broken of [randomBytes(15), randomBytes(17), randomBytes(1)].map(bytes => bytes.toString('base64'))) {
      status(await withKeys(broken).get(`contact/${contact.id}`), 400)
    }
    status(await withKeys('!$%&').get(`contact/${contact.id}`), 400)
  })

  it('may be long, and in several parts', async () => {
    const real = asPatient.headers[ACCESS_KEYS]
    const other = randomBytes(16 * 360).toString('base64')
    status(await withKeys(`${other},${real}`).get(`contact/${contact.id}`), 200)
    status(await withKeys([...Array(5).fill(other), real].join(',')).get(`contact/${contact.id}`), 200)
  })
})

describe('a new HCP who registered by itself', () => {
  it('does not become a child of another HCP to read its data', async () => {
    const process = 'hcp-email'
    const sdk = await byCode(server, { process, address: newEmail('theon'), firstName: 'Theon', lastName: 'Greyjoy' })
    const raw = await rawSession(server, () => sdk.healthcareParty.getCurrentHealthcareParty())
    const self = await raw.read('hcparty/current')
    const moved = await raw.put('hcparty', { ...self, parentId: doctor.id })
    if (moved.status !== 200) status(moved, [400, 403])
    const child = { id: randomUuid(), lastName: 'Child', parentId: doctor.id }
    const made = await raw.post('hcparty', child)
    if (made.status === 200) assert.equal(made.json.parentId, undefined)
    status(await raw.get(`contact/${contact.id}`), NO)
    assert.equal((await raw.read('hcparty/current')).parentId, undefined)
  })
})

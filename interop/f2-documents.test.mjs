// F2: documents and their attachments. The bytes that come back are the bytes that went in.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { DecryptedDocument, DocumentType } from '@icure/cardinal-sdk'
import { refused, sameSet } from './lib/expect.mjs'
import { newHcp, newPatient } from './lib/people.mjs'
import { rawSession } from './lib/raw.mjs'
import { addDocument } from './lib/records.mjs'
import { useServer } from './lib/server.mjs'

let doctor, stranger, patient
const server = useServer(async () => {
  doctor = await newHcp(server, { responsible: true })
  stranger = await newHcp(server, { firstName: 'Roose', lastName: 'Bolton' })
  patient = await newPatient(server, { sharingWith: [doctor.id] })
})

const bytes = size => new Int8Array(randomBytes(size))
const add = (document = {}) => addDocument(patient, { name: 'letter', ...document }, { autoShare: true })
const equal = (actual, expected) => assert.ok(Buffer.from(actual).equals(Buffer.from(expected)), 'the bytes differ')

/** What the server hands out for an attachment, without the client. */
async function stored(document, path) {
  const raw = await rawSession(server, () => patient.sdk.document.getDocument(document.id))
  const answer = await fetch(`${server.base}/rest/v2/document/${document.id}/${path}`, { headers: raw.headers })
  assert.equal(answer.status, 200)
  return Buffer.from(await answer.arrayBuffer())
}

describe('a document', () => {
  it('is created, read, modified and deleted', async () => {
    const document = await add({ documentType: DocumentType.Labresult, size: 12 })
    const found = await doctor.sdk.document.getDocument(document.id)
    assert.deepEqual([found.name, found.documentType, found.size], ['letter', 'Labresult', 12])
    await refused([403, 404], () => stranger.sdk.document.getDocument(document.id))

    const saved = await patient.sdk.document.modifyDocument(new DecryptedDocument({ ...document, name: 'answer' }))
    assert.equal((await doctor.sdk.document.getDocument(document.id)).name, 'answer')
    await refused(409, () => patient.sdk.document.modifyDocument(new DecryptedDocument({ ...document })))
    await patient.sdk.document.deleteDocumentById(document.id, saved.rev)
    assert.deepEqual(await doctor.sdk.document.getDocuments([document.id]), [])
  })

  it('has no attachment before one is set', async () => {
    const document = await add()
    assert.equal(document.attachmentId, undefined)
    await refused(404, () => patient.sdk.document.getRawMainAttachment(document.id))
    await refused(404, () => patient.sdk.document.getRawSecondaryAttachment(document.id, 'nothing'))
  })
})

describe('attachments', () => {
  for (const size of [1, 15, 16, 1000, 65_536, 1_500_000]) {
    it(`keeps ${size} bytes, encrypted on the server`, async () => {
      const document = await add()
      const content = bytes(size)
      const set = await patient.sdk.document.encryptAndSetMainAttachment(document, ['public.plain-text'], content)
      assert.notEqual(set.rev, document.rev)
      assert.ok(set.attachmentId)
      assert.equal(set.mainUti, 'public.plain-text')

      equal(await patient.sdk.document.getAndDecryptMainAttachment(set), content)
      const forDoctor = await doctor.sdk.document.getDocument(document.id)
      equal(await doctor.sdk.document.getAndDecryptMainAttachment(forDoctor), content)
      const raw = await stored(document, 'attachment')
      assert.equal(raw.length, 16 + 16 * (Math.floor(size / 16) + 1), 'initial vector and padded blocks')
      if (size > 15) assert.ok(!raw.includes(Buffer.from(content)))
    })
  }

  it('replaces the main attachment', async () => {
    const document = await add()
    const first = await patient.sdk.document.encryptAndSetMainAttachment(document, ['public.text'], bytes(100))
    const content = bytes(50)
    const second = await patient.sdk.document.encryptAndSetMainAttachment(first, ['public.jpeg', 'public.png'], content)
    assert.deepEqual([second.mainUti, ...second.otherUtis], ['public.jpeg', 'public.png'])
    equal(await doctor.sdk.document.getAndDecryptMainAttachment(second), content)
  })

  it('refuses a stale revision, and keeps what was there', async () => {
    const document = await add()
    const content = bytes(64)
    const set = await patient.sdk.document.encryptAndSetMainAttachment(document, ['public.data'], content)
    await refused(409, () => patient.sdk.document.encryptAndSetMainAttachment(document, ['public.data'], bytes(64)))
    equal(await patient.sdk.document.getAndDecryptMainAttachment(set), content)
  })

  it('deletes the main attachment', async () => {
    const document = await add()
    const set = await patient.sdk.document.encryptAndSetMainAttachment(document, ['public.data'], bytes(64))
    const without = await patient.sdk.document.deleteMainAttachment(document.id, set.rev)
    assert.equal(without.attachmentId, undefined)
    await refused(404, () => patient.sdk.document.getRawMainAttachment(document.id))
  })

  it('keeps secondary attachments apart by their keys', async () => {
    let document = await add()
    const contents = { preview: bytes(33), 'page 2, left': bytes(4096), original: bytes(100_000) }
    for (const [key, content] of Object.entries(contents)) {
      document = await patient.sdk.document.encryptAndSetSecondaryAttachment(document, key, ['public.png'], content)
    }
    sameSet(Object.keys(document.secondaryAttachments), Object.keys(contents))
    assert.deepEqual(document.secondaryAttachments.preview.utis, ['public.png'])
    assert.equal(document.attachmentId, undefined, 'there is no main attachment')
    const found = await doctor.sdk.document.getDocument(document.id)
    for (const [key, content] of Object.entries(contents)) {
      equal(await doctor.sdk.document.getAndDecryptSecondaryAttachment(found, key), content)
    }

    const without = await patient.sdk.document.deleteSecondaryAttachment(document.id, 'preview', document.rev)
    sameSet(Object.keys(without.secondaryAttachments), ['page 2, left', 'original'])
    await refused(404, () => patient.sdk.document.getRawSecondaryAttachment(document.id, 'preview'))
    equal(await patient.sdk.document.getAndDecryptSecondaryAttachment(without, 'original'), contents.original)
  })

  it('survives a modification of the document, which cannot touch it', async () => {
    const document = await add()
    const content = bytes(77)
    await patient.sdk.document.encryptAndSetMainAttachment(document, ['public.data'], content)
    const found = await patient.sdk.document.getDocument(document.id)
    const saved = await patient.sdk.document.modifyDocument(new DecryptedDocument({ ...found, name: 'renamed' }))
    assert.equal(saved.attachmentId, found.attachmentId)
    equal(await doctor.sdk.document.getAndDecryptMainAttachment(saved), content)
  })

  it('gives nothing to a stranger', async () => {
    const document = await add()
    const set = await patient.sdk.document.encryptAndSetMainAttachment(document, ['public.data'], bytes(64))
    await refused([403, 404], () => stranger.sdk.document.getRawMainAttachment(document.id))
    const overwrite = () =>
      stranger.sdk.document.setRawMainAttachment(document.id, set.rev, ['public.data'], bytes(4), false)
    await refused([403, 404], overwrite)
    await refused([403, 404], () => stranger.sdk.document.deleteMainAttachment(document.id, set.rev))
  })
})

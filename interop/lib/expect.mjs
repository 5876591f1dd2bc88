// Assertions shared by the flows.
import assert from 'node:assert/strict'

/** HTTP status behind an error of the client, or undefined. */
export function statusOf(error) {
  if (error?.name === 'RevisionConflictException') return 409
  const status = /failed with status code (\d+)/.exec(error?.message)?.[1]
  return status && Number(status)
}

/** `action` has to fail, and the server has to have refused it with one of these statuses. */
export async function refused(statuses, action) {
  const expected = [statuses].flat()
  let error
  try {
    await action()
  } catch (thrown) {
    error = thrown
  }
  assert.ok(error, `expected a refusal (${expected.join(' or ')}), but it was accepted`)
  assert.ok(expected.includes(statusOf(error)), `expected ${expected.join(' or ')}, got: ${error}`)
  return error
}

/** A raw answer has one of these statuses. */
export function status(answer, statuses) {
  const expected = [statuses].flat()
  assert.ok(expected.includes(answer.status), `expected ${expected.join(' or ')}, got ${answer.status}: ${answer.text}`)
}

/** Bad input: 400 or 422, and the answer names the field. */
export function badField(answer, field) {
  status(answer, [400, 422])
  assert.ok(answer.text.includes(field), `the answer has to name "${field}": ${answer.text}`)
}

/** The same elements, in any order. */
export function sameSet(actual, expected) {
  assert.deepEqual([...actual].sort(), [...expected].sort())
}

/** Everything an iterator of the client gives, fetched in small pages. */
export async function all(iterator, page = 2) {
  const found = []
  while (await iterator.hasNext()) found.push(...(await iterator.next(page)))
  return found
}

export const ids = entities => entities.map(({ id }) => id)

/** A page of text that must not appear in what the server stores. */
export function hides(text, ...secrets) {
  for (const secret of secrets) assert.ok(!text.includes(secret), `"${secret}" is readable on the server`)
}

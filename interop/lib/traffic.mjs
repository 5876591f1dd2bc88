// What the official client really puts on the wire, seen through Node's own diagnostics channels.
// Nothing of the client is replaced or wrapped.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** Runs `action` and returns `{ result, error, calls }`, calls in the order in which they were sent. */
export async function record(action) {
  const calls = []
  const byRequest = new Map()
  const onStart = ({ request }) => {
    const url = new URL(request.path, 'http://server')
    const call = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers: request.getHeaders(),
      status: undefined,
    }
    byRequest.set(request, call)
    calls.push(call)
  }
  const onFinish = ({ request, response }) => {
    const call = byRequest.get(request)
    if (call) call.status = response.statusCode
  }
  subscribe('http.client.request.start', onStart)
  subscribe('http.client.response.finish', onFinish)
  try {
    return { result: await action(), calls }
  } catch (error) {
    return { error, calls }
  } finally {
    unsubscribe('http.client.request.start', onStart)
    unsubscribe('http.client.response.finish', onFinish)
  }
}

/** The last recorded call of this method whose path contains `part`. */
export function lastCall(calls, method, part) {
  return calls.findLast(call => call.method === method && call.path.includes(part))
}

// Calls to the server's REST interface: what every one of them has in common, from proxies that answer in the hub's
// place to the token that the hub wants to see.
import type { ErrorBody } from './notification'

/** The server said no; `status` is 0 when it could not be asked. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The server's own name for the problem, such as `not_found`; `unreachable` and `signed_out` are the page's. */
    readonly code?: string,
  ) {
    super(message)
  }
}

/** The publish token, for a hub that takes one. */
export interface TokenSource {
  readonly current: string | undefined
  /** Asks the person; `undefined`: they would rather not. */
  ask: (wasWrong: boolean) => Promise<string | undefined>
}

export async function call(url: string | URL, init?: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, { ...init, redirect: 'manual' })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, 'the server cannot be reached', 'unreachable')
  }
  // A proxy in front of the hub sends to a page for signing in, or answers with one.
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  if (response.type === 'opaqueredirect' || (response.status === 200 && !isJson)) {
    throw new ApiError(401, 'you have been signed out', 'signed_out')
  }
  if (response.ok) return response
  const problem = (await response.json().catch(() => undefined)) as Partial<ErrorBody> | undefined
  throw new ApiError(response.status, problem?.message ?? response.statusText, problem?.code)
}

/** A call that changes something: with the token, which is asked for when the hub wants one. */
export async function change(
  token: TokenSource,
  url: string | URL,
  init: RequestInit,
  mayAsk = true,
): Promise<Response> {
  const authorized = (shown: string | undefined): RequestInit =>
    shown ? { ...init, headers: { ...init.headers, authorization: `Bearer ${shown}` } } : init
  const shown = token.current
  try {
    return await call(url, authorized(shown))
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error
    // A page that is about to go cannot ask, and a token does not help who is signed out.
    if (!mayAsk || init.keepalive || error.code === 'signed_out') throw error
    const answer = await token.ask(shown !== undefined)
    if (!answer) throw error
    return change(token, url, init)
  }
}

export function withBody(method: string, body: unknown): RequestInit {
  return {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
}

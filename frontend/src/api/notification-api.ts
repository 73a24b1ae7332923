// The calls of the page to the server's REST interface, with relative addresses, so that they also work
// under a sub-path. Streams and polling are not made here.
import type { ErrorBody, ListParameters, NewNotification, Notification, Page } from './notification'
import type { Status } from './generated'
import { parseNotification, parsePage } from './parse'

export type ListQuery = ListParameters & { limit: number }

/** What a person can change about a notification that is there. */
export interface Revision {
  resolved?: boolean
  /** RFC 3339; null: it should ask for attention again. */
  snoozed_until?: string | null
}

export interface NotificationApi {
  list(query: ListQuery, signal?: AbortSignal): Promise<Page>
  /** Up to where all was read, on some device. */
  readThrough(): Promise<string | undefined>
  publish(notification: NewNotification): Promise<Notification>
  revise(id: string, revision: Revision): Promise<Notification>
  /** With `keepalive` the call outlives the page, as when a tab is closed. */
  remove(id: string, keepalive?: boolean): Promise<void>
  clear(): Promise<void>
}

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
  ask(wasWrong: boolean): Promise<string | undefined>
}

export function createNotificationApi(baseUrl: string, token: TokenSource): NotificationApi {
  const address = new URL('api/notifications', baseUrl)
  const addressOf = (id: string) => `${address}/${encodeURIComponent(id)}`

  async function call(url: string | URL, init?: RequestInit): Promise<Response> {
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
  async function change(url: string | URL, init: RequestInit): Promise<Response> {
    const authorized = (shown: string | undefined): RequestInit =>
      shown ? { ...init, headers: { ...init.headers, authorization: `Bearer ${shown}` } } : init
    const shown = token.current
    try {
      return await call(url, authorized(shown))
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error
      // A page that is about to go cannot ask, and a token does not help who is signed out.
      if (init.keepalive || error.code === 'signed_out') throw error
      const answer = await token.ask(shown !== undefined)
      if (!answer) throw error
      return change(url, init)
    }
  }

  const withBody = (method: string, body: unknown): RequestInit => ({
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

  async function notificationIn(response: Response): Promise<Notification> {
    const notification = parseNotification(await response.json())
    if (!notification) throw new ApiError(response.status, 'the answer is not a notification')
    return notification
  }

  return {
    async list({ limit, ...query }, signal) {
      const url = new URL(address)
      url.searchParams.set('limit', String(limit))
      for (const [name, value] of Object.entries(query)) {
        for (const one of Array.isArray(value) ? value : [value]) {
          if (one !== undefined && one !== '') url.searchParams.append(name, String(one))
        }
      }
      const response = await call(url, { signal })
      const page = parsePage(await response.json(), limit)
      if (!page) throw new ApiError(response.status, 'the answer is not a list')
      return page
    },
    async readThrough() {
      const status = (await (await call(new URL('api/status', baseUrl))).json()) as Partial<Status>
      return status.read_through ?? undefined
    },
    async publish(notification) {
      return notificationIn(await change(address, withBody('POST', notification)))
    },
    async revise(id, revision) {
      return notificationIn(await change(addressOf(id), withBody('PATCH', revision)))
    },
    async remove(id, keepalive = false) {
      await change(addressOf(id), { method: 'DELETE', keepalive })
    },
    async clear() {
      await change(address, { method: 'DELETE' })
    },
  }
}

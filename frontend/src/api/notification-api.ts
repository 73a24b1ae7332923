// The calls of the page to the server's REST interface, with relative addresses, so that they also work
// under a sub-path. Streams and polling are not made here.
import type { ErrorBody, ListParameters, NewNotification, Notification } from './notification'
import { parseNotification, parseNotificationArray } from './parse'

export type ListQuery = ListParameters & { limit: number }

export interface NotificationApi {
  list(query: ListQuery, signal?: AbortSignal): Promise<Notification[]>
  publish(notification: NewNotification): Promise<Notification>
  /** With `keepalive` the call outlives the page, as when a tab is closed. */
  remove(id: string, keepalive?: boolean): Promise<void>
  clear(): Promise<void>
}

/** The server said no; `status` is 0 when it could not be asked. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The server's own name for the problem, such as `not_found`. */
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

  async function call(url: string | URL, init?: RequestInit): Promise<Response> {
    let response: Response
    try {
      response = await fetch(url, init)
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      throw new ApiError(0, 'the server cannot be reached')
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
      // A page that is about to go cannot ask.
      if (!(error instanceof ApiError) || error.status !== 401 || init.keepalive) throw error
      const answer = await token.ask(shown !== undefined)
      if (!answer) throw error
      return change(url, init)
    }
  }

  return {
    async list({ limit, before, q, level, tag }, signal) {
      const url = new URL(address)
      url.searchParams.set('limit', String(limit))
      for (const [name, value] of Object.entries({ before, q, level, tag })) {
        if (value) url.searchParams.set(name, value)
      }
      const response = await call(url, { signal })
      return parseNotificationArray(await response.json()) ?? []
    },
    async publish(notification) {
      const response = await change(address, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(notification),
      })
      const published = parseNotification(await response.json())
      if (!published) throw new ApiError(response.status, 'the answer is not a notification')
      return published
    },
    async remove(id, keepalive = false) {
      await change(`${address}/${encodeURIComponent(id)}`, { method: 'DELETE', keepalive })
    },
    async clear() {
      await change(address, { method: 'DELETE' })
    },
  }
}

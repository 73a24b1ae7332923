// The calls of the page to the server's REST interface, with relative addresses, so that they also work
// under a sub-path. Streams and polling are not made here.
import { ApiError, call, change as changeWith, withBody, type TokenSource } from './calls'
import type { ListParameters, NewNotification, Notification, Page } from './notification'
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
  list: (query: ListQuery, signal?: AbortSignal) => Promise<Page>
  /** Up to where all was read, on some device. */
  readThrough: () => Promise<string | undefined>
  publish: (notification: NewNotification) => Promise<Notification>
  revise: (id: string, revision: Revision) => Promise<Notification>
  /** With `keepalive` the call outlives the page, as when a tab is closed. */
  remove: (id: string, keepalive?: boolean) => Promise<void>
  clear: () => Promise<void>
}

export function createNotificationApi(baseUrl: string, token: TokenSource): NotificationApi {
  const address = new URL('api/notifications', baseUrl)
  const addressOf = (id: string) => `${address}/${encodeURIComponent(id)}`
  const change = (url: string | URL, init: RequestInit) => changeWith(token, url, init)

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

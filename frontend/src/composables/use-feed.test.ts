// The joining of history, live items, older pages and filters, with the connection and the API played by the test.
import { effectScope, ref, type EffectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Notification } from '../api/notification'
import { ApiError, type ListQuery } from '../api/notification-api'
import type { FeedFilter } from '../feed/feed-filter'
import { fakeNotification } from '../stream/fake-environment'
import type { FeedConnection } from '../stream/feed-connection'
import type { FeedEvent } from '../stream/stream-events'
import type { HostToTab, SavedPosition } from '../stream/tab-messages'
import { maxRemembered, pageSize, useFeed } from './use-feed'

class FakeConnection implements FeedConnection {
  setToken(): void {}
  onMessage: (message: HostToTab) => void = () => {}
  isShared = true
  opened: (SavedPosition | undefined)[] = []
  open(saved: SavedPosition | undefined) {
    this.opened.push(saved)
  }
  setPresence() {}
  wake() {}
  reconnect() {}
  alerted() {}
  close() {}
  feed(event: FeedEvent) {
    this.onMessage({ type: 'feed', event })
    vi.advanceTimersByTime(100)
  }
}

let scope: EffectScope
let connection: FakeConnection
let requests: { query: ListQuery; answer(list: Notification[]): void; fail(error: Error): void }[]
let arrived: string[]
const filter = ref<FeedFilter>({})

function start(saved?: SavedPosition) {
  return scope.run(() =>
    useFeed({
      connection,
      api: {
        list: (query) =>
          new Promise((answer, fail) => requests.push({ query: { ...query }, answer, fail })),
      },
      filter,
      saved,
      onAlert: () => {},
      onArrival: (notifications) => arrived.push(...notifications.map(({ id }) => id)),
    }),
  )!
}

const many = (count: number) => Array.from({ length: count }, () => fakeNotification())
const snapshot = (notifications: Notification[], values = {}): FeedEvent => ({
  type: 'snapshot',
  notifications,
  reset: true,
  live: false,
  complete: notifications.length < pageSize,
  ...values,
})
const settle = () => vi.advanceTimersByTimeAsync(100)

beforeEach(() => {
  vi.useFakeTimers()
  scope = effectScope()
  connection = new FakeConnection()
  requests = []
  arrived = []
  filter.value = {}
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

describe('the whole feed', () => {
  it('is unknown, then history and live items in one list without doubles', () => {
    const feed = start()
    expect(feed.isKnown.value).toBe(false)
    // Ids sort by the time of publishing.
    const [old, newest] = many(2)
    connection.feed(snapshot([old!]))
    connection.feed({ type: 'notification', notification: newest!, live: true })
    connection.feed({ type: 'notification', notification: newest!, live: true })
    expect(feed.list.value).toEqual([newest, old])
    expect(arrived).toEqual([newest!.id])
  })

  it('takes a revision in the place of what was there, and as no arrival', () => {
    const feed = start()
    const [oldest, middle, newest] = many(3)
    connection.feed(snapshot([newest!, middle!, oldest!]))
    const revised = { ...middle!, resolved_at: '2026-11-23T12:01:00.000Z' }
    connection.feed({ type: 'notification', notification: revised, live: true })
    expect(feed.list.value).toEqual([newest, revised, oldest])
    expect(arrived).toEqual([])
  })

  it('shows what an earlier load had before the connection knows anything', () => {
    const saved = { eventId: 'e-9', notifications: many(2) }
    const feed = start(saved)
    expect(feed.list.value).toEqual(saved.notifications)
    expect(connection.opened).toEqual([saved])
    expect(feed.position()).toEqual(saved)
  })

  it('announces what came while the page was loading, but not the first view', () => {
    const [one, two] = many(2)
    start()
    connection.feed(snapshot([one!]))
    expect(arrived).toEqual([])
    connection.feed(snapshot([two!, one!], { reset: false }))
    expect(arrived).toEqual([two!.id])
  })

  it('follows deletions and clears', () => {
    const feed = start()
    const [one, two] = many(2)
    connection.feed(snapshot([two!, one!]))
    connection.feed({ type: 'deleted', id: two!.id })
    expect(feed.list.value).toEqual([one])
    connection.feed({ type: 'cleared' })
    expect(feed.list.value).toEqual([])
    expect(feed.isKnown.value).toBe(true)
  })
})

describe('older items', () => {
  it('come page by page until there are no more', async () => {
    const feed = start()
    const items = many(pageSize + 5)
    connection.feed(snapshot(items.slice(0, pageSize)))
    void feed.loadOlder()
    void feed.loadOlder()
    expect(requests).toHaveLength(1)
    expect(requests[0]!.query).toMatchObject({ before: items[pageSize - 1]!.id, limit: pageSize })
    requests[0]!.answer(items.slice(pageSize))
    await settle()
    expect(feed.list.value).toEqual(items)
    expect(feed.isComplete.value).toBe(true)
    void feed.loadOlder()
    expect(requests).toHaveLength(1)
  })

  it('can be asked for again after a failure', async () => {
    const feed = start()
    connection.feed(snapshot(many(pageSize)))
    void feed.loadOlder()
    requests[0]!.fail(new ApiError(0, 'no network'))
    await settle()
    expect(feed.failure.value).toBe('no network')
    void feed.loadOlder()
    expect(feed.failure.value).toBeUndefined()
    expect(requests).toHaveLength(2)
  })

  it('are let go of when the page remembers too much', () => {
    const feed = start()
    connection.feed(snapshot(many(maxRemembered)))
    connection.feed({ type: 'notification', notification: fakeNotification(), live: true })
    expect(feed.list.value).toHaveLength(maxRemembered)
    expect(feed.isComplete.value).toBe(false)
  })
})

describe('a filter', () => {
  it('asks the server, and takes live items that match', async () => {
    const feed = start()
    connection.feed(snapshot(many(1)))
    filter.value = { level: 'error' }
    await settle()
    expect(feed.isKnown.value).toBe(false)
    expect(requests[0]!.query).toMatchObject({ level: 'error' })
    const found = fakeNotification({ level: 'error' })
    requests[0]!.answer([found])
    await settle()
    connection.feed({
      type: 'notification',
      notification: fakeNotification({ level: 'info' }),
      live: true,
    })
    expect(feed.list.value).toEqual([found])
    const fresh = fakeNotification({ level: 'error' })
    connection.feed({ type: 'notification', notification: fresh, live: true })
    expect(feed.list.value).toEqual([fresh, found])
    expect(arrived).toEqual([fresh.id])
    filter.value = {}
    await settle()
    expect(feed.list.value).toHaveLength(3)
  })

  it('ignores the answer to an earlier question', async () => {
    const feed = start()
    filter.value = { q: 'a' }
    await settle()
    filter.value = { q: 'ab' }
    await settle()
    const right = fakeNotification()
    requests[1]!.answer([right])
    requests[0]!.answer(many(3))
    await settle()
    expect(feed.list.value).toEqual([right])
  })

  it('asks again when the connection had a gap', async () => {
    filter.value = { q: 'a' }
    start()
    expect(requests).toHaveLength(1)
    connection.feed(snapshot([]))
    expect(requests).toHaveLength(2)
  })
})

it('knows nothing of EventSource', () => {
  vi.stubGlobal('EventSource', undefined)
  expect(() => start()).not.toThrow()
  vi.unstubAllGlobals()
})

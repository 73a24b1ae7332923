// The joining of history, live items, older pages and filters, with the connection and the API played by the test.
import { effectScope, ref, type EffectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Notification, Page } from '../api/notification'
import { ApiError } from '../api/calls'
import type { ListQuery } from '../api/notification-api'
import { wholeFeed, type FeedFilter } from '../feed/feed-filter'
import { unknownView, type FeedEvent } from '../feed/feed-view'
import type { LastSeen } from '../offline/last-seen'
import { fakeNotification } from '../stream/fake-environment'
import type { FeedConnection } from '../stream/feed-connection'
import type { ConnectionState } from '../stream/stream-events'
import type { HostToTab, SavedPosition } from '../stream/tab-messages'
import { maxRemembered, rememberedAtTop } from './paged-list'
import { pageSize, useFeed, type FirstLook } from './use-feed'

class FakeConnection implements FeedConnection {
  setToken(): void {}
  onMessage: (message: HostToTab) => void = () => {}
  position: FeedConnection['position'] = () => undefined
  opened: (SavedPosition | undefined)[] = []
  open(saved: SavedPosition | undefined) {
    this.opened.push(saved)
  }
  setPresence() {}
  setAttention() {}
  seen() {}
  seenThrough() {}
  wake() {}
  reconnect() {}
  alerted() {}
  close() {}
  feed(event: FeedEvent) {
    this.onMessage({ type: 'feed', event })
    vi.advanceTimersByTime(100)
  }
  state(kind: ConnectionState['kind']) {
    this.onMessage({ type: 'state', state: { kind, sinceMs: 0 } })
  }
}

let scope: EffectScope
let connection: FakeConnection
let requests: {
  query: ListQuery
  answer: (list: Notification[]) => void
  fail: (error: Error) => void
}[]
let arrived: string[]
const filter = ref<FeedFilter>(wholeFeed)

function start(
  saved?: SavedPosition,
  more: { firstLook?: () => Promise<FirstLook>; lastSeen?: LastSeen } = {},
) {
  return scope.run(() =>
    useFeed({
      connection,
      api: {
        list: (query) =>
          new Promise<Page>((resolve, fail) => {
            const answer = (notifications: Notification[]) => {
              const isEnd = notifications.length < query.limit
              resolve({ notifications, floor: isEnd ? undefined : notifications.at(-1)!.id })
            }
            requests.push({ query: { ...query }, answer, fail })
          }),
      },
      filter,
      saved,
      firstLook: more.firstLook,
      lastSeen: () => more.lastSeen,
      onAlert: () => {},
      onArrival: (notifications) => arrived.push(...notifications.map(({ id }) => id)),
    }),
  )!
}

/** Newest first, as lists are. */
const many = (count: number) => Array.from({ length: count }, () => fakeNotification()).reverse()
const search = (text: string): FeedFilter => ({ view: 'desk', text })
const snapshot = (notifications: Notification[], values = {}): FeedEvent => ({
  type: 'snapshot',
  notifications,
  reset: true,
  open: [],
  floor: notifications.length < pageSize ? undefined : notifications.at(-1)!.id,
  ...values,
})
const settle = () => vi.advanceTimersByTimeAsync(100)

beforeEach(() => {
  vi.useFakeTimers()
  scope = effectScope()
  connection = new FakeConnection()
  requests = []
  arrived = []
  filter.value = wholeFeed
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

describe('the whole feed', () => {
  it('is unknown, then history and live items in one list without doubles', () => {
    const feed = start()
    expect(feed.view.known).toBe(false)
    // Ids sort by the time of publishing.
    const [newest, old] = many(2)
    connection.feed(snapshot([old!]))
    connection.feed({ type: 'notification', notification: newest!, live: true })
    connection.feed({ type: 'notification', notification: newest!, live: true })
    expect(feed.view.list).toEqual([newest, old])
    expect(arrived).toEqual([newest!.id])
  })

  it('shows a first look until the host knows better', async () => {
    const [newest, middle, old] = many(3)
    const page = { notifications: [middle!, old!], floor: undefined }
    const feed = start(undefined, {
      firstLook: () => Promise.resolve({ page, readThrough: old!.id }),
    })
    await settle()
    expect(feed.view.list).toEqual([middle, old])
    expect(feed.read).toEqual({ through: old!.id, seen: [] })
    // What came between the two looks is new; what has not changed stays the same.
    connection.feed(snapshot([newest!, { ...middle! }, { ...old!, title: 'revised' }]))
    expect(feed.view.list[1]).toBe(middle)
    expect(feed.view.list[2]!.title).toBe('revised')
    expect(arrived).toEqual([newest!.id])
  })

  it('ignores a first look that is late, or that fails', async () => {
    const [newest, old] = many(2)
    const page = { notifications: [old!], floor: undefined }
    const feed = start(undefined, {
      firstLook: () => Promise.resolve({ page, readThrough: undefined }),
    })
    connection.feed(snapshot([newest!]))
    await settle()
    expect(feed.view.list).toEqual([newest])
    const other = start(undefined, { firstLook: () => Promise.reject(new ApiError(0, 'no')) })
    await settle()
    expect(other.view.known).toBe(false)
  })

  it('takes what was read from a host only once that knows the feed', async () => {
    const [old] = many(1)
    const page = { notifications: [old!], floor: undefined }
    const feed = start(undefined, {
      firstLook: () => Promise.resolve({ page, readThrough: undefined }),
    })
    await settle()
    const state = { kind: 'connecting' as const, sinceMs: 0 }
    const read = { through: undefined, seen: [] }
    connection.onMessage({ type: 'welcome', state, read, audible: false })
    expect(feed.read.through).toBe(old!.id)
  })

  it('takes a revision in the place of what was there, and as no arrival', () => {
    const feed = start()
    const [newest, middle, oldest] = many(3)
    connection.feed(snapshot([newest!, middle!, oldest!]))
    const revised = { ...middle!, resolved_at: '2026-11-23T12:01:00.000Z' }
    connection.feed({ type: 'notification', notification: revised, live: true })
    expect(feed.view.list).toEqual([newest, revised, oldest])
    expect(arrived).toEqual([])
  })

  it('shows what an earlier load had before the connection knows anything', () => {
    const view = { ...unknownView, known: true, list: many(2) }
    const saved = { eventId: 'e-9', view }
    const feed = start(saved)
    expect(feed.view.list).toEqual(saved.view.list)
    expect(connection.opened).toEqual([saved])
    expect(feed.position()).toEqual(saved)
  })

  it('announces what came while the page was loading, but not the first view', () => {
    const [two, one] = many(2)
    start()
    connection.feed(snapshot([one!]))
    expect(arrived).toEqual([])
    connection.feed(snapshot([two!, one!], { reset: false }))
    expect(arrived).toEqual([two!.id])
  })

  it('follows deletions and clears', () => {
    const feed = start()
    const [two, one] = many(2)
    connection.feed(snapshot([two!, one!]))
    connection.feed({ type: 'deleted', id: two!.id })
    expect(feed.view.list).toEqual([one])
    connection.feed({ type: 'cleared' })
    expect(feed.view.list).toEqual([])
    expect(feed.view.known).toBe(true)
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
    expect(feed.view.list).toEqual(items)
    expect(feed.isComplete).toBe(true)
    void feed.loadOlder()
    expect(requests).toHaveLength(1)
  })

  it('do not bring back what was deleted or cleared meanwhile', async () => {
    const feed = start()
    const items = many(pageSize + 5)
    connection.feed(snapshot(items.slice(0, pageSize)))
    void feed.loadOlder()
    connection.feed({ type: 'deleted', id: items[pageSize]!.id })
    requests[0]!.answer(items.slice(pageSize))
    await settle()
    expect(feed.view.list).toHaveLength(pageSize + 4)
    connection.feed(snapshot(items.slice(0, pageSize)))
    void feed.loadOlder()
    connection.feed({ type: 'cleared' })
    requests[1]!.answer(items.slice(pageSize))
    await settle()
    expect(feed.view.list).toEqual([])
  })

  it('are not glued on behind another log', async () => {
    const feed = start()
    connection.feed(snapshot(many(pageSize)))
    void feed.loadOlder()
    const other = many(pageSize)
    connection.feed(snapshot(other))
    requests[0]!.answer(many(5))
    await settle()
    expect(feed.view.list).toEqual(other)
  })

  it('are asked for although everything newer was deleted', () => {
    const feed = start()
    const items = many(pageSize)
    connection.feed(snapshot(items))
    for (const { id } of items) connection.feed({ type: 'deleted', id })
    expect([feed.view.list.length, feed.isComplete]).toEqual([0, false])
    void feed.loadOlder()
    expect(requests[0]!.query.before).toBe(items.at(-1)!.id)
  })

  it('can be asked for again after a failure', async () => {
    const feed = start()
    connection.feed(snapshot(many(pageSize)))
    void feed.loadOlder()
    requests[0]!.fail(new ApiError(0, 'no network'))
    await settle()
    expect(feed.failure?.message).toBe('no network')
    void feed.loadOlder()
    expect(feed.failure?.message).toBeUndefined()
    expect(requests).toHaveLength(2)
  })

  it('are let go of when the page remembers too much, the sooner while nobody reads them', () => {
    const feed = start()
    const news = (): FeedEvent => ({
      type: 'notification',
      notification: fakeNotification(),
      live: true,
    })
    connection.feed(snapshot(many(maxRemembered), { floor: undefined }))
    feed.isReadingOn = true
    connection.feed(news())
    expect([feed.view.list.length, feed.isComplete]).toEqual([maxRemembered, false])
    feed.isReadingOn = false
    connection.feed(news())
    expect(feed.view.list).toHaveLength(rememberedAtTop)
    void feed.loadOlder()
    expect(requests[0]!.query.before).toBe(feed.view.list.at(-1)!.id)
  })
})

describe('a filter', () => {
  it('asks the server, and takes live items that match', async () => {
    const feed = start()
    connection.feed(snapshot(many(1)))
    filter.value = search('level:error')
    await settle()
    expect(feed.view.known).toBe(false)
    expect(requests[0]!.query).toMatchObject({ level: ['error'] })
    const found = fakeNotification({ level: 'error' })
    requests[0]!.answer([found])
    await settle()
    connection.feed({
      type: 'notification',
      notification: fakeNotification({ level: 'info' }),
      live: true,
    })
    expect(feed.view.list).toEqual([found])
    const fresh = fakeNotification({ level: 'error' })
    connection.feed({ type: 'notification', notification: fresh, live: true })
    expect(feed.view.list).toEqual([fresh, found])
    expect(arrived.at(-1)).toBe(fresh.id)
    filter.value = wholeFeed
    await settle()
    expect(feed.view.list).toHaveLength(3)
  })

  it('takes what comes and goes while the search is under way', async () => {
    const feed = start()
    filter.value = search('a')
    await settle()
    const [live, gone, old] = many(3).map((one) => ({ ...one, message: 'a' }))
    connection.feed({ type: 'notification', notification: live!, live: true })
    connection.feed({ type: 'deleted', id: gone!.id })
    requests[0]!.answer([gone!, old!])
    await settle()
    expect(feed.view.list).toEqual([live, old])
  })

  it('is tried again by itself when the connection is back, and shows meanwhile what is here', async () => {
    const feed = start()
    const here = { ...fakeNotification(), message: 'alpha' }
    connection.feed(snapshot([{ ...fakeNotification(), message: 'other' }, here]))
    connection.state('reconnecting')
    filter.value = search('alpha')
    await settle()
    requests[0]!.fail(new ApiError(0, 'no network'))
    await settle()
    expect(feed.failure?.message).toBe('no network')
    expect(feed.view.list).toEqual([here])
    connection.state('live')
    expect(requests).toHaveLength(2)
    requests[1]!.answer([here])
    await settle()
    expect(feed.failure).toBeUndefined()
  })

  it('ignores the answer to an earlier question', async () => {
    const feed = start()
    filter.value = search('a')
    await settle()
    filter.value = search('ab')
    await settle()
    const right = fakeNotification()
    requests[1]!.answer([right])
    requests[0]!.answer(many(3))
    await settle()
    expect(feed.view.list).toEqual([right])
  })

  it('asks again when the connection had a gap', () => {
    filter.value = search('a')
    start()
    expect(requests).toHaveLength(1)
    connection.feed(snapshot([]))
    expect(requests).toHaveLength(2)
  })
})

describe('what was seen last', () => {
  const seen = (list: Notification[]): LastSeen => ({
    atMs: 7,
    view: { ...unknownView, known: true, list, floor: list.at(-1)?.id },
  })

  it('is shown with its time while the hub is away, and nothing of it outlives the first word', () => {
    const [newest, ...older] = many(3)
    const feed = start(undefined, { lastSeen: seen(older) })
    expect(feed.view.known).toBe(false)
    connection.state('reconnecting')
    expect(feed.view.list).toEqual(older)
    expect(feed.lastSeenMs).toBe(7)
    connection.state('live')
    expect(feed.lastSeenMs).toBeUndefined()
    // A poll keeps what joins on; nothing is known to join on here.
    connection.feed(snapshot([newest!, older[0]!], { reset: false, floor: older[0]!.id }))
    expect(feed.view.list).toEqual([newest, older[0]])
    expect(arrived).toEqual([newest!.id])
  })

  it('is shown when the hub says nothing for long', () => {
    const list = many(1)
    const feed = start(undefined, { lastSeen: seen(list) })
    vi.advanceTimersByTime(2_000)
    expect(feed.view.known).toBe(false)
    vi.advanceTimersByTime(1_000)
    expect(feed.view.list).toEqual(list)
  })

  it('is not shown to who was signed out, nor over what is known', () => {
    const list = many(2)
    const feed = start(undefined, { lastSeen: seen(list) })
    connection.state('signed-out')
    vi.advanceTimersByTime(5_000)
    expect(feed.view.known).toBe(false)
    connection.state('live')
    connection.feed(snapshot([list[0]!]))
    connection.state('reconnecting')
    expect(feed.view.list).toEqual([list[0]])
    expect(feed.lastSeenMs).toBeUndefined()
  })

  it('gives its time to what a reload has kept', () => {
    const list = many(1)
    const view = { ...unknownView, known: true, list }
    const feed = start({ eventId: 'a-1', view }, { lastSeen: seen([]) })
    connection.state('offline')
    expect(feed.view.list).toEqual(list)
    expect(feed.lastSeenMs).toBe(7)
  })
})

// A tab's end: how it finds a host, and what it does when that dies without a word.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defaultAttention } from '../feed/attention'
import { unknownView } from '../feed/feed-view'
import { createFeedConnection, type LinkMaker } from './feed-connection'
import { fakeNotification } from './fake-environment'
import type { LinkOwner } from './links'
import { snapshotLimit } from './stream-events'
import type { SavedPosition, TabToHost } from './tab-messages'

interface FakeLink {
  owner: LinkOwner
  posted: TabToHost[]
  isClosed: boolean
  /** A dead host takes everything and says nothing. */
  isDead: boolean
}

let links: FakeLink[]
const posted = (link: FakeLink | undefined, type: TabToHost['type']) =>
  link!.posted.filter((message) => message.type === type)

const maker =
  (answers = true): LinkMaker =>
  (owner) => {
    const link: FakeLink = { owner, posted: [], isClosed: false, isDead: !answers }
    links.push(link)
    const state = { kind: 'live', sinceMs: 0 } as const
    return {
      post(message) {
        link.posted.push(message)
        if (link.isDead) return
        queueMicrotask(() => {
          if (message.type === 'join') {
            owner.receive({
              type: 'welcome',
              state,
              read: { through: undefined, seen: [] },
              audible: false,
            })
          } else if (message.type === 'presence') owner.receive({ type: 'pong' })
        })
      },
      close: () => (link.isClosed = true),
    }
  }

const saved: SavedPosition = { eventId: 'e-1', view: unknownView }
let now: SavedPosition

function open(...makers: LinkMaker[]) {
  const connection = createFeedConnection('http://hub.test/', defaultAttention, makers)
  connection.position = () => now
  connection.open(saved)
  return connection
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('localStorage', { getItem: () => null })
  links = []
  now = { eventId: 'e-7', view: unknownView }
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('a tab', () => {
  it('joins with what an earlier load had, and asks whether the host is there', async () => {
    open(maker())
    await vi.advanceTimersByTimeAsync(20_000)
    expect(links).toHaveLength(1)
    expect(posted(links[0], 'join')).toMatchObject([{ saved, wasOpen: false }])
    expect(posted(links[0], 'presence').length).toBeGreaterThan(4)
  })

  it('replaces a host that has died within ten seconds, and goes on where it was', async () => {
    open(maker())
    await vi.advanceTimersByTimeAsync(60_000)
    links[0]!.isDead = true
    await vi.advanceTimersByTimeAsync(10_000)
    expect(links[0]!.isClosed).toBe(true)
    expect(links).toHaveLength(2)
    expect(posted(links[1], 'join')).toMatchObject([{ saved: now, wasOpen: true }])
  })

  it('hands over no more than the newest', async () => {
    open(maker())
    await vi.advanceTimersByTimeAsync(100)
    const list = Array.from({ length: 500 }, (_, index) =>
      fakeNotification({ id: `${900 - index}` }),
    )
    now.view = { ...unknownView, known: true, list }
    links[0]!.owner.onNewHost()
    const [, second] = posted(links[0], 'join') as Extract<TabToHost, { type: 'join' }>[]
    expect(second!.saved!.view.list).toHaveLength(snapshotLimit)
    expect(second!.saved!.view.floor).toBe(list[snapshotLimit - 1]!.id)
  })

  it('helps itself when a host does not say hello, and takes its leave from it', async () => {
    open(maker(false), maker())
    await vi.advanceTimersByTimeAsync(5_000)
    expect(links.map(({ isClosed }) => isClosed)).toEqual([true, false])
    expect(posted(links[1], 'join')).toHaveLength(1)
  })

  it('joins again when another tab has become the host', async () => {
    open(maker())
    await vi.advanceTimersByTimeAsync(100)
    links[0]!.owner.onNewHost()
    expect(posted(links[0], 'join')[1]).toMatchObject({ saved: now, wasOpen: true })
  })

  it('passes over a way that this browser does not have', () => {
    open(() => undefined, maker())
    expect(links).toHaveLength(1)
  })
})

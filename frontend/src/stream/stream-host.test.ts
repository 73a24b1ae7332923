// Many tabs and one stream: who is told what, who rings, what is unread.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { gatherMs } from './alerting'
import { FakeEnvironment, fakeNotification } from './fake-environment'
import { markDelayMs, presenceIntervalMs, StreamHost, type TabPort } from './stream-host'
import type { HostToTab, Presence, SavedPosition } from './tab-messages'

let environment: FakeEnvironment
let host: StreamHost

interface FakeTab extends TabPort {
  received: HostToTab[]
  of<T extends HostToTab['type']>(type: T): Extract<HostToTab, { type: T }>[]
}

function join(presence: Partial<Presence> = {}, saved?: SavedPosition): FakeTab {
  const received: HostToTab[] = []
  const tab: FakeTab = {
    received,
    post: (message) => received.push(message),
    of: (type) => received.filter((message) => message.type === type) as never,
  }
  host.receive(tab, {
    type: 'join',
    baseUrl: 'http://hub.test/',
    presence: { visible: true, audible: true, ...presence },
    saved,
  })
  return tab
}

function notify(sequence: number, values = {}) {
  const notification = fakeNotification(values)
  environment.source.emit('notification', notification, `e-${sequence}`)
  return notification
}

beforeEach(() => {
  vi.useFakeTimers()
  environment = new FakeEnvironment()
  host = new StreamHost(environment)
})
afterEach(() => vi.useRealTimers())

describe('one stream for all tabs', () => {
  it('opens one EventSource for twelve tabs and tells all of them', () => {
    const tabs = Array.from({ length: 12 }, () => join())
    environment.source.welcome()
    environment.source.emit('init', [], 'e-0')
    notify(1)
    expect(environment.sources).toHaveLength(1)
    for (const tab of tabs) {
      expect(tab.of('feed').map(({ event }) => event.type)).toEqual(['snapshot', 'notification'])
    }
  })

  it('tells a tab that joins later what is known, without asking the server', () => {
    join()
    environment.source.welcome()
    environment.source.emit('init', [fakeNotification()], 'e-1')
    notify(2)
    const late = join()
    const [welcome] = late.of('welcome')
    expect(welcome!.known).toMatchObject({ complete: true, eventId: 'e-2' })
    expect(welcome!.known!.notifications).toHaveLength(2)
    expect(welcome!.state.kind).toBe('live')
    expect(environment.polls).toHaveLength(0)
  })

  it('ends the stream with the last tab and resumes it with the next', () => {
    const tab = join()
    environment.source.welcome()
    environment.source.emit('init', [], 'e-4')
    host.receive(tab, { type: 'leave' })
    expect(environment.source.closed).toBe(true)
    join()
    expect(environment.source.url).toContain('last_event_id=e-4')
  })

  it('resumes from what a reloaded tab remembers', () => {
    const remembered = fakeNotification()
    const tab = join({}, { eventId: 'e-8', notifications: [remembered] })
    expect(environment.source.url).toContain('last_event_id=e-8')
    expect(tab.of('welcome')[0]!.known!.notifications).toEqual([remembered])
  })
})

describe('alerts', () => {
  const alertsOf = (tab: FakeTab) => tab.of('alert').length

  it('come for live items only, to one tab, the visible one first', () => {
    const hidden = join({ visible: false })
    const visible = join({ visible: true })
    environment.source.welcome()
    environment.source.emit('init', [fakeNotification()], 'e-1')
    vi.advanceTimersByTime(gatherMs)
    expect(alertsOf(visible)).toBe(0)
    notify(2)
    vi.advanceTimersByTime(gatherMs)
    expect([alertsOf(hidden), alertsOf(visible)]).toEqual([0, 1])
  })

  it('prefer a hidden tab that may sound to a visible one that may not', () => {
    const silent = join({ audible: false })
    const sounding = join({ visible: false })
    environment.source.welcome()
    environment.source.emit('init', [], 'e-1')
    notify(2)
    vi.advanceTimersByTime(gatherMs)
    expect([alertsOf(silent), alertsOf(sounding)]).toEqual([0, 1])
  })

  it('do not come for replayed items, nor twice for one item', () => {
    const known = fakeNotification()
    const tab = join({}, { eventId: 'e-1', notifications: [known] })
    environment.source.welcome({ resumed: true, latest_id: 'e-2' })
    notify(2)
    environment.source.emit('notification', known, 'e-3')
    vi.advanceTimersByTime(gatherMs)
    expect(alertsOf(tab)).toBe(0)
  })

  it('come while polling, from the second answer on', async () => {
    environment.eventSourceForbidden = true
    const first = fakeNotification()
    environment.answer = { status: 200, etag: null, body: [first] }
    const tab = join()
    await vi.advanceTimersByTimeAsync(gatherMs)
    expect(alertsOf(tab)).toBe(0)
    environment.answer = { status: 200, etag: null, body: [fakeNotification(), first] }
    await vi.advanceTimersByTimeAsync(10_000 + gatherMs)
    expect(alertsOf(tab)).toBe(1)
  })
})

describe('unread', () => {
  const unreadOf = (tab: FakeTab) => tab.of('unread').at(-1)?.count ?? 0

  it('counts what comes while no tab is visible and ends when one is', () => {
    const tab = join({ visible: false })
    environment.source.welcome()
    environment.source.emit('init', [fakeNotification()], 'e-1')
    notify(2)
    notify(3)
    expect(unreadOf(tab)).toBe(2)
    host.receive(tab, { type: 'presence', presence: { visible: true, audible: true } })
    expect(unreadOf(tab)).toBe(0)
    notify(4)
    expect(unreadOf(tab)).toBe(0)
  })

  it('forgets what was deleted', () => {
    const tab = join({ visible: false })
    environment.source.welcome()
    environment.source.emit('init', [], 'e-1')
    const { id } = notify(2)
    notify(3)
    environment.source.emit('deleted', { id }, 'e-4')
    expect(unreadOf(tab)).toBe(1)
    environment.source.emit('cleared', {}, 'e-5')
    expect(unreadOf(tab)).toBe(0)
  })

  it('does not believe a visible tab that has fallen silent', () => {
    const crashed = join({ visible: true })
    environment.source.welcome({ heartbeat_ms: 10_000_000 })
    environment.source.emit('init', [], 'e-1')
    vi.advanceTimersByTime(4 * presenceIntervalMs)
    notify(2)
    expect(unreadOf(crashed)).toBe(1)
  })
})

describe('who may sound', () => {
  it('is told to all tabs when the first one may, and when the last one leaves', () => {
    const silent = join({ audible: false })
    const sounding = join({ audible: true })
    expect(silent.of('audible').at(-1)?.audible).toBe(true)
    host.receive(sounding, { type: 'leave' })
    expect(silent.of('audible').at(-1)?.audible).toBe(false)
  })
})

describe('the read mark that all devices share', () => {
  it('moves to the newest that was shown, once for a burst', () => {
    join({ visible: true })
    environment.source.welcome()
    environment.source.emit('init', [], 'e-0')
    notify(1)
    const newest = notify(2)
    vi.advanceTimersByTime(markDelayMs)
    expect(environment.marks).toEqual([{ url: 'http://hub.test/api/read', through: newest.id }])
    vi.advanceTimersByTime(markDelayMs * 5)
    expect(environment.marks).toHaveLength(1)
  })

  it('stays where it is while nobody looks', () => {
    join({ visible: false })
    environment.source.welcome()
    environment.source.emit('init', [], 'e-0')
    notify(1)
    vi.advanceTimersByTime(markDelayMs * 5)
    expect(environment.marks).toEqual([])
  })

  it('takes what was read elsewhere off the unread', () => {
    const tab = join({ visible: false })
    environment.source.welcome()
    environment.source.emit('init', [], 'e-0')
    const first = notify(1)
    const second = notify(2)
    environment.source.emit('read', { through: first.id }, 'e-3')
    expect(tab.of('unread').at(-1)!.count).toBe(1)
    environment.source.welcome({ resumed: true, read_through: second.id, latest_id: 'e-3' })
    expect(tab.of('unread').at(-1)!.count).toBe(0)
  })

  it('does not count or ring for a revision', () => {
    const tab = join({ visible: false })
    environment.source.welcome()
    environment.source.emit('init', [], 'e-0')
    const first = notify(1)
    vi.advanceTimersByTime(gatherMs)
    const rung = tab.of('alert').length
    environment.source.emit('notification', { ...first, resolved_at: first.timestamp }, 'e-2')
    vi.advanceTimersByTime(gatherMs)
    expect(tab.of('unread').at(-1)!.count).toBe(1)
    expect(tab.of('alert')).toHaveLength(rung)
  })
})

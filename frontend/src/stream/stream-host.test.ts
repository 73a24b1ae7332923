// Many tabs and one stream: who is told what, who rings, what was read.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defaultAttention, type Attention } from '../feed/attention'
import { unknownView } from '../feed/feed-view'
import { gatherMissedMs, gatherMs } from './alerting'
import { FakeEnvironment, fakeNotification } from './fake-environment'
import { markDelayMs } from './read-marks'
import { remindAfterMs, mostReminders } from './reminders'
import { missedRingsMs, StreamHost, type TabPort } from './stream-host'
import type { HostToTab, Presence, SavedPosition, TabToHost } from './tab-messages'

let environment: FakeEnvironment
let host: StreamHost

interface FakeTab extends TabPort {
  received: HostToTab[]
  of: <T extends HostToTab['type']>(type: T) => Extract<HostToTab, { type: T }>[]
}

type Join = Extract<TabToHost, { type: 'join' }>

function join(presence: Partial<Presence> = {}, values: Partial<Join> = {}): FakeTab {
  const received: HostToTab[] = []
  const tab: FakeTab = {
    received,
    post: (message) => received.push(message),
    of: (type) => received.filter((message) => message.type === type) as never,
  }
  host.receive(tab, {
    type: 'join',
    baseUrl: 'http://hub.test/',
    presence: { visible: true, focused: false, audible: true, ...presence },
    attention: defaultAttention,
    wasOpen: false,
    ...values,
  })
  return tab
}

/** A UUID of version 7, as the hub makes them: it begins with the time. */
function idAt(timeMs: number): string {
  const hex = timeMs.toString(16).padStart(12, '0')
  made += 1
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7${String(made).padStart(3, '0')}-8000-000000000000`
}
let made = 0

function notify(sequence: number, values = {}, ageMs = 0) {
  const notification = fakeNotification({ id: idAt(Date.now() - ageMs), ...values })
  environment.source.emit('notification', notification, `e-${sequence}`)
  return notification
}

function live(...stored: ReturnType<typeof fakeNotification>[]) {
  environment.source.welcome()
  environment.source.emit('init', stored, 'e-0')
}

const saved = (...list: ReturnType<typeof fakeNotification>[]): SavedPosition => ({
  eventId: 'e-1',
  view: { ...unknownView, known: true, list },
})
const alertsOf = (tab: FakeTab) => tab.of('alert').map(({ alert }) => alert)

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 })
  environment = new FakeEnvironment()
  host = new StreamHost(environment)
})
afterEach(() => vi.useRealTimers())

describe('one stream for all tabs', () => {
  it('opens one EventSource for twelve tabs and tells all of them', () => {
    const tabs = Array.from({ length: 12 }, () => join())
    live()
    notify(1)
    expect(environment.sources).toHaveLength(1)
    for (const tab of tabs) {
      expect(tab.of('feed').map(({ event }) => event.type)).toEqual(['snapshot', 'notification'])
    }
  })

  it('tells a tab that joins later what is known, without asking the server', () => {
    join()
    live(fakeNotification({ id: idAt(1) }))
    notify(2)
    const late = join()
    const [welcome] = late.of('welcome')
    expect(welcome!.known).toMatchObject({ view: { floor: undefined }, eventId: 'e-2' })
    expect(welcome!.known!.view.list).toHaveLength(2)
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
    const tab = join({}, { saved: saved(remembered) })
    expect(environment.source.url).toContain('last_event_id=e-1')
    expect(tab.of('welcome')[0]!.known!.view.list).toEqual([remembered])
  })

  it('answers each question whether it is there', () => {
    const tab = join()
    const presence = { visible: true, focused: true, audible: true }
    host.receive(tab, { type: 'presence', presence })
    expect(tab.of('pong')).toHaveLength(1)
  })
})

describe('alerts', () => {
  it('come for what is new, to one tab, the visible one first', () => {
    const hidden = join({ visible: false })
    const visible = join({ visible: true })
    live(fakeNotification({ id: idAt(1) }))
    vi.advanceTimersByTime(gatherMs)
    expect(alertsOf(visible)).toHaveLength(0)
    notify(2)
    vi.advanceTimersByTime(gatherMs)
    expect([alertsOf(hidden).length, alertsOf(visible).length]).toEqual([0, 1])
  })

  it('prefer a hidden tab that may sound to a visible one that may not', () => {
    const silent = join({ audible: false })
    const sounding = join({ visible: false })
    live()
    notify(2)
    vi.advanceTimersByTime(gatherMs)
    expect([alertsOf(silent).length, alertsOf(sounding).length]).toEqual([0, 1])
  })

  it('depend on whether somebody looks', () => {
    const tab = join({ focused: true })
    live()
    notify(1, { state: 'done' })
    vi.advanceTimersByTime(10_000)
    expect(alertsOf(tab)).toHaveLength(0)
    notify(2, { state: 'waiting' })
    vi.advanceTimersByTime(gatherMs)
    expect(alertsOf(tab)).toMatchObject([{ signal: 'ask', desktop: [] }])
  })

  it('do not come for what a reload finds again or has missed, nor twice for one item', () => {
    const known = fakeNotification({ id: idAt(Date.now()) })
    const tab = join({}, { saved: saved(known) })
    environment.source.welcome({ resumed: true, latest_id: 'e-2' })
    notify(2)
    environment.source.emit('notification', known, 'e-3')
    vi.advanceTimersByTime(60_000)
    expect(alertsOf(tab)).toHaveLength(0)
  })

  it('come once for all that an open page has missed, with the sound of its gravest', () => {
    const tab = join()
    live()
    vi.advanceTimersByTime(6_000)
    environment.source.fail()
    vi.advanceTimersByTime(2_000)
    environment.source.welcome({ resumed: true, latest_id: 'e-3' })
    notify(1, { state: 'done' })
    notify(2, { state: 'waiting' })
    notify(3, { state: 'done' })
    vi.advanceTimersByTime(gatherMissedMs)
    expect(alertsOf(tab)).toMatchObject([{ signal: 'ask', count: 3 }])
  })

  it('come for what was missed also when the log could not be resumed', () => {
    const tab = join()
    live(fakeNotification({ id: idAt(Date.now() - 60_000) }))
    environment.source.fail()
    vi.advanceTimersByTime(2_000)
    live(fakeNotification({ id: idAt(Date.now()), state: 'failed' }))
    vi.advanceTimersByTime(gatherMissedMs)
    expect(alertsOf(tab)).toMatchObject([{ signal: 'alarm' }])
  })

  it('come for what was missed while only the host was new', () => {
    const known = fakeNotification({ id: idAt(1) })
    const tab = join({}, { saved: saved(known), wasOpen: true })
    environment.source.welcome({ resumed: true, latest_id: 'e-2' })
    notify(2)
    vi.advanceTimersByTime(gatherMissedMs)
    expect(alertsOf(tab)).toHaveLength(1)
  })

  it('do not come for what was missed too long ago', () => {
    const tab = join()
    live()
    environment.source.fail()
    vi.advanceTimersByTime(2_000)
    environment.source.welcome({ resumed: true, latest_id: 'e-2' })
    notify(1, { state: 'waiting' }, missedRingsMs + 1_000)
    vi.advanceTimersByTime(60_000)
    expect(alertsOf(tab)).toHaveLength(0)
  })

  it('come while polling, also for the first poll after a loss', async () => {
    const first = fakeNotification({ id: idAt(1) })
    const tab = join()
    live(first)
    environment.answer = {
      status: 200,
      etag: null,
      body: [fakeNotification({ id: idAt(Date.now()) }), first],
    }
    environment.source.fail()
    await vi.advanceTimersByTimeAsync(gatherMissedMs)
    expect(alertsOf(tab)).toHaveLength(1)
  })

  it('do not come for the first view of a hub that is only polled', async () => {
    environment.eventSourceForbidden = true
    const first = fakeNotification({ id: idAt(Date.now()) })
    environment.answer = { status: 200, etag: null, body: [first] }
    const tab = join()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(alertsOf(tab)).toHaveLength(0)
    const second = fakeNotification({ id: idAt(Date.now()) })
    environment.answer = { status: 200, etag: null, body: [second, first] }
    await vi.advanceTimersByTimeAsync(10_000)
    expect(alertsOf(tab)).toHaveLength(1)
  })

  it('do not come for a revision, nor for a project that is muted', () => {
    const attention: Attention = { ...defaultAttention, muted: { loud: null } }
    const tab = join({}, { attention })
    live()
    const first = notify(1)
    vi.advanceTimersByTime(10_000)
    const rung = alertsOf(tab).length
    environment.source.emit('notification', { ...first, resolved_at: first.timestamp }, 'e-2')
    notify(3, { source: 'loud', state: 'failed' })
    vi.advanceTimersByTime(10_000)
    expect(alertsOf(tab)).toHaveLength(rung)
  })
})

describe('reminders', () => {
  it('ask again for what waits, a few times, until it is settled', () => {
    const tab = join()
    live()
    const waiting = notify(1, { state: 'waiting' })
    vi.advanceTimersByTime(remindAfterMs * (mostReminders + 3))
    expect(alertsOf(tab)).toHaveLength(1 + mostReminders)
    expect(alertsOf(tab).at(-1)).toMatchObject({ isReminder: true, signal: 'ask' })
    const settled = notify(2, { state: 'waiting' })
    environment.source.emit('notification', { ...settled, resolved_at: 'x' }, 'e-3')
    environment.source.emit('deleted', { id: waiting.id }, 'e-4')
    vi.advanceTimersByTime(gatherMs)
    const rung = alertsOf(tab).length
    vi.advanceTimersByTime(remindAfterMs * 3)
    expect(alertsOf(tab)).toHaveLength(rung)
  })

  it('leave in peace what was put off, and ask when the delay is over', () => {
    const tab = join()
    live()
    const waiting = notify(1, { state: 'waiting' })
    vi.advanceTimersByTime(1_000)
    const until = new Date(Date.now() + 10 * 60_000).toISOString()
    environment.source.emit('notification', { ...waiting, snoozed_until: until }, 'e-2')
    vi.advanceTimersByTime(9 * 60_000)
    expect(alertsOf(tab)).toHaveLength(1)
    vi.advanceTimersByTime(90_000)
    expect(alertsOf(tab)).toHaveLength(2)
  })
})

describe('what was read', () => {
  const readOf = (tab: FakeTab) => tab.of('read').at(-1)?.read
  const marks = () => environment.marks.map(({ through }) => through)

  it('is at first all that was there before the page', () => {
    const tab = join()
    const old = fakeNotification({ id: idAt(1) })
    live(old)
    expect(readOf(tab)?.through).toBe(old.id)
  })

  it('moves as far as everything before it was looked at, once for a burst', () => {
    const tab = join()
    live(fakeNotification({ id: idAt(1) }))
    const [one, two, three] = [notify(1), notify(2), notify(3)]
    host.receive(tab, { type: 'seen', ids: [one.id, three.id] })
    host.receive(tab, { type: 'seen', ids: [three.id] })
    vi.advanceTimersByTime(markDelayMs)
    expect(marks()).toEqual([one.id])
    expect(readOf(tab)).toEqual({ through: one.id, seen: [three.id] })
    host.receive(tab, { type: 'seen', ids: [two.id] })
    vi.advanceTimersByTime(markDelayMs * 5)
    expect(marks()).toEqual([one.id, three.id])
    expect(readOf(tab)).toEqual({ through: three.id, seen: [] })
  })

  it('is not said of what is merely on a visible page', () => {
    join({ visible: true, focused: true })
    live()
    notify(1)
    vi.advanceTimersByTime(60_000)
    expect(marks()).toEqual([])
  })

  it('takes what was read elsewhere, never back', () => {
    const tab = join()
    live()
    const [first, second] = [notify(1), notify(2)]
    environment.source.emit('read', { through: second.id }, 'e-3')
    environment.source.welcome({ resumed: true, read_through: first.id, latest_id: 'e-3' })
    expect(readOf(tab)?.through).toBe(second.id)
  })

  it('can be said of everything at once', () => {
    const tab = join()
    live()
    notify(1)
    const newest = notify(2)
    host.receive(tab, { type: 'seen-through', id: newest.id })
    vi.advanceTimersByTime(markDelayMs)
    expect(marks()).toEqual([newest.id])
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

  it('is not a tab that has fallen silent long ago', () => {
    const crashed = join({ audible: true })
    const other = join({ audible: false })
    expect(crashed.of('audible')).toHaveLength(1)
    vi.advanceTimersByTime(200_000)
    const presence = { visible: true, focused: true, audible: false }
    host.receive(other, { type: 'presence', presence })
    expect(other.of('audible').at(-1)?.audible).toBe(false)
  })
})

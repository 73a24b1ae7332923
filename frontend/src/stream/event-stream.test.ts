// One connection through all that can happen to it, on a fake clock and with a fake server; no Vue.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EventStream, helloTimeoutMs } from './event-stream'
import { FakeEnvironment, fakeNotification } from './fake-environment'
import type { FeedEvent } from '../feed/feed-view'
import type { ConnectionState } from './stream-events'

let environment: FakeEnvironment
let events: FeedEvent[]
let states: ConnectionState[]
let watched: boolean

function start(lastEventId?: string): EventStream {
  const stream = new EventStream({
    baseUrl: 'http://hub.test/under/',
    environment,
    lastEventId,
    isWatched: () => watched,
    onEvent: (event) => events.push(event),
    onState: (state) => states.push(state),
  })
  stream.start()
  return stream
}

const kinds = () => states.map(({ kind }) => kind)
const state = () => states.at(-1)!
/** Lets answers of polls come in without moving the clock. */
const settle = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  environment = new FakeEnvironment()
  events = []
  states = []
  watched = false
})
afterEach(() => vi.useRealTimers())

describe('connecting', () => {
  it('asks below the folder of the page, for the newest only', () => {
    start()
    expect(environment.source.url).toBe('http://hub.test/under/events?limit=100')
  })

  it('is live once the server has said hello', () => {
    start()
    expect(state().kind).toBe('connecting')
    environment.source.welcome()
    expect(state()).toMatchObject({ kind: 'live', sinceMs: 1_000_000, version: '1.2.3' })
  })

  it('takes init as history and as all there is to know', () => {
    start()
    environment.source.welcome()
    const known = fakeNotification()
    environment.source.emit('init', [known], 'e-7')
    expect(events).toEqual([
      {
        type: 'snapshot',
        notifications: [known],
        floor: undefined,
        open: [],
        reset: true,
        eventId: 'e-7',
      },
    ])
  })

  it('gives up on a proxy that accepts and says nothing', () => {
    start()
    vi.advanceTimersByTime(helloTimeoutMs)
    expect(environment.sources[0]!.closed).toBe(true)
    expect(state().kind).toBe('reconnecting')
  })

  it('says how far the hub’s clock is ahead, if it is', () => {
    start()
    environment.source.welcome({ now: new Date(Date.now() + 90_000).toISOString() })
    expect(state().skewMs).toBe(90_000)
    environment.source.welcome({ now: new Date(Date.now() + 500).toISOString() })
    expect(state().skewMs).toBe(0)
  })

  it('drops what does not parse and goes on', () => {
    start()
    environment.source.welcome()
    environment.source.emit('notification', { id: 4 }, 'e-1')
    environment.source.emit('init', 'nonsense', 'e-1')
    environment.source.emit('notification', fakeNotification(), 'e-2')
    expect(events).toHaveLength(1)
  })
})

describe('resuming', () => {
  it('starts after the event that an earlier load of the page saw', () => {
    start('e-41')
    expect(environment.source.url).toContain('last_event_id=e-41')
  })

  it('resumes after the last event of a lost stream', () => {
    start()
    environment.source.welcome()
    environment.source.emit('notification', fakeNotification(), 'e-5')
    environment.source.emit('heartbeat', {}, '')
    environment.source.fail()
    vi.advanceTimersByTime(2_000)
    expect(environment.source.url).toContain('last_event_id=e-5')
  })

  it('calls replayed events history and what follows live', () => {
    start('e-3')
    environment.source.welcome({ resumed: true, reason: 'resumed', missed: 2, latest_id: 'e-5' })
    environment.source.emit('notification', fakeNotification(), 'e-4')
    environment.source.emit('notification', fakeNotification(), 'e-5')
    environment.source.emit('notification', fakeNotification(), 'e-6')
    expect(events.map((event) => event.type === 'notification' && event.live)).toEqual([
      false,
      false,
      true,
    ])
  })
})

describe('the watchdog', () => {
  beforeEach(() => {
    start()
    environment.source.welcome({ heartbeat_ms: 4_000 })
  })

  it('tells when the hub has lost touch with its store, and when it has it again', () => {
    environment.source.welcome({ stale_ms: 0 })
    expect(state().staleMs).toBeUndefined()
    environment.source.emit('heartbeat', { stale_ms: 1_900 })
    expect(state().staleMs).toBeUndefined()
    environment.source.emit('heartbeat', { stale_ms: 12_300 })
    expect(state()).toMatchObject({ kind: 'live', staleMs: 12_300 })
    // An earlier hub says nothing of it.
    environment.source.emit('heartbeat', {})
    expect(state().staleMs).toBeUndefined()
    // The next one is told in its first words.
    environment.source.fail()
    vi.advanceTimersByTime(5_000)
    environment.source.welcome({ stale_ms: 4_000 })
    expect(state().staleMs).toBe(4_000)
  })

  it('allows two and a half of the announced heartbeats', () => {
    vi.advanceTimersByTime(9_999)
    expect(state().kind).toBe('live')
    vi.advanceTimersByTime(1)
    expect(state().kind).toBe('reconnecting')
    expect(environment.sources[0]!.closed).toBe(true)
  })

  it('is satisfied by heartbeats and by anything else', () => {
    for (let beat = 0; beat < 5; beat++) {
      vi.advanceTimersByTime(9_000)
      environment.source.emit(beat % 2 ? 'heartbeat' : 'cleared', {}, beat % 2 ? '' : `e-${beat}`)
    }
    expect(kinds()).toEqual(['connecting', 'live'])
  })
})

describe('after a failure', () => {
  it('builds a new EventSource after a random delay and says when', () => {
    start()
    environment.source.fail()
    expect(state()).toMatchObject({ kind: 'reconnecting', retryAtMs: 1_001_100 })
    vi.advanceTimersByTime(1_099)
    expect(environment.sources).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(environment.sources).toHaveLength(2)
    expect(state().retryAtMs).toBeUndefined()
  })

  it('waits longer after each failure, and starts anew after a stream that held', () => {
    environment.randomValue = 1
    start()
    const delays = [1, 2, 3].map(() => {
      environment.source.fail()
      const delayMs = state().retryAtMs! - Date.now()
      vi.advanceTimersByTime(delayMs)
      return delayMs
    })
    expect(delays).toEqual([2_000, 4_000, 8_000])
    environment.source.welcome()
    vi.advanceTimersByTime(6_000)
    environment.source.fail()
    expect(state().retryAtMs! - Date.now()).toBe(2_000)
  })

  it('never waits long while somebody looks at the page', () => {
    environment.randomValue = 1
    watched = true
    start()
    const delays = [1, 2, 3, 4, 5].map(() => {
      environment.source.fail()
      const delayMs = state().retryAtMs! - Date.now()
      vi.advanceTimersByTime(delayMs)
      return delayMs
    })
    expect(delays).toEqual([2_000, 3_000, 3_000, 3_000, 3_000])
  })

  it('says since when it is lost, whatever it is called', () => {
    start()
    environment.source.welcome()
    vi.advanceTimersByTime(7_000)
    environment.source.fail()
    const { sinceMs } = state()
    environment.online = false
    vi.advanceTimersByTime(2_000)
    environment.source.fail()
    expect(state()).toMatchObject({ kind: 'offline', sinceMs })
  })

  it('does not hammer a server that says hello and hangs up', () => {
    environment.randomValue = 1
    start()
    for (const expected of [2_000, 4_000, 8_000]) {
      environment.source.welcome()
      environment.source.fail()
      expect(state().retryAtMs! - Date.now()).toBe(expected)
      vi.advanceTimersByTime(expected)
    }
  })

  it('ignores events that a closed source still had in its queue', () => {
    start()
    const old = environment.source
    old.welcome()
    old.fail()
    old.emit('notification', fakeNotification(), 'e-9')
    old.fail()
    expect(events).toEqual([])
    vi.advanceTimersByTime(2_000)
    expect(environment.sources).toHaveLength(2)
  })

  it('says offline when the device has no network', () => {
    start()
    environment.online = false
    environment.source.fail()
    expect(state().kind).toBe('offline')
  })

  it('stops for good when told to', async () => {
    const stream = start()
    environment.source.fail()
    stream.stop()
    await vi.advanceTimersByTimeAsync(120_000)
    expect(environment.sources).toHaveLength(1)
    expect(environment.polls).toHaveLength(1)
  })
})

describe('polling', () => {
  beforeEach(() => {
    environment.answer = { status: 200, etag: '"1"', body: [fakeNotification()] }
  })

  it('fills in when the stream fails and the server still answers', async () => {
    start()
    environment.source.fail()
    await settle()
    expect(state().kind).toBe('polling')
    expect(environment.polls[0]!.url).toBe('http://hub.test/under/api/notifications?limit=100')
    expect(events).toMatchObject([{ type: 'snapshot', reset: false, floor: undefined }])
  })

  it('also where there is no EventSource at all', async () => {
    environment.eventSourceForbidden = true
    start()
    await settle()
    expect(state().kind).toBe('polling')
  })

  it('asks every ten seconds with the ETag, and takes a 304 for no news', async () => {
    environment.eventSourceForbidden = true
    start()
    await settle()
    environment.answer = { status: 304, etag: '"1"', body: undefined }
    await vi.advanceTimersByTimeAsync(10_000)
    expect(environment.polls.map(({ etag }) => etag)).toEqual([null, '"1"'])
    expect(events).toHaveLength(1)
    expect(state().kind).toBe('polling')
  })

  it('goes back to streaming when it can, and stops asking', async () => {
    start()
    environment.source.fail()
    await settle()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(environment.sources).toHaveLength(2)
    expect(state().kind).toBe('polling')
    environment.source.welcome()
    expect(state().kind).toBe('live')
    await vi.advanceTimersByTimeAsync(30_000)
    expect(environment.polls).toHaveLength(1)
  })

  it('asks for what is open besides the newest, and knows where these end', async () => {
    environment.eventSourceForbidden = true
    const newest = Array.from({ length: 100 }, () => fakeNotification()).reverse()
    const waiting = fakeNotification({ id: 'n000000', state: 'waiting' })
    environment.poll = (url) =>
      Promise.resolve({
        status: 200,
        etag: null,
        body: url.includes('open=true') ? [newest[0], waiting] : newest,
      })
    start()
    await settle()
    expect(events).toMatchObject([{ floor: newest.at(-1)!.id, open: [waiting] }])
  })

  it('says signed out when a proxy wants one to sign in again', async () => {
    environment.answer = { status: 401, etag: null, body: undefined, signedOut: true }
    start()
    environment.source.fail()
    await settle()
    expect(state().kind).toBe('signed-out')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(environment.sources.length).toBeGreaterThan(1)
    environment.source.welcome()
    expect(state().kind).toBe('live')
  })

  it('says reconnecting as soon as the server does not answer either', async () => {
    start()
    environment.source.fail()
    await settle()
    environment.answer = undefined
    await vi.advanceTimersByTimeAsync(10_000)
    expect(state().kind).toBe('reconnecting')
  })

  it('does not let a late answer undo what the stream has brought', async () => {
    let answerLate: (answer: { status: number; etag: null; body: unknown }) => void = () => {}
    environment.poll = () => new Promise((resolve) => (answerLate = resolve))
    start()
    environment.source.fail()
    await vi.advanceTimersByTimeAsync(2_000)
    environment.source.welcome()
    answerLate({ status: 200, etag: null, body: [] })
    await settle()
    expect(events).toEqual([])
    expect(state().kind).toBe('live')
  })
})

describe('waking up', () => {
  it('leaves a stream alone that has just spoken', () => {
    const stream = start()
    environment.source.welcome()
    stream.wake('visible')
    expect(environment.sources).toHaveLength(1)
  })

  it('takes a new stream when the network is back, even if the old one seems well', () => {
    const stream = start()
    environment.source.welcome()
    stream.wake('online')
    expect(environment.sources).toHaveLength(2)
  })

  it('lets a try go on that is under way when somebody looks', () => {
    const stream = start()
    stream.wake('visible')
    stream.wake('visible')
    expect(environment.sources).toHaveLength(1)
  })

  it('replaces a stream that was silent while the computer slept', () => {
    const stream = start()
    environment.source.welcome()
    // The clock went on, the timers did not.
    vi.setSystemTime(Date.now() + 60_000)
    stream.wake('visible')
    expect(environment.sources).toHaveLength(2)
    expect(state().kind).toBe('reconnecting')
  })

  it('does not wait for the back-off when the network is back', () => {
    const stream = start()
    environment.source.fail()
    stream.wake('online')
    expect(environment.sources).toHaveLength(2)
  })

  it('gives a live stream one heartbeat when the network is said to be gone', () => {
    const stream = start()
    environment.source.welcome()
    stream.wake('offline')
    environment.online = false
    vi.advanceTimersByTime(15_999)
    expect(state().kind).toBe('live')
    vi.advanceTimersByTime(1)
    expect(state().kind).toBe('offline')
  })
})

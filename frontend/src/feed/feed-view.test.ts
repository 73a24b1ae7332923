// The reducer against a model of the hub: whatever is posted, overtaken, revised, deleted, cleared, missed, polled
// and resumed, in any order, the view holds what the hub holds.
import { describe, expect, it } from 'vitest'
import type { Notification } from '../api/notification'
import {
  allOpen,
  applyEvent,
  unknownView,
  withLateAnswer,
  type FeedEvent,
  type FeedView,
} from './feed-view'
import { isOpen } from './states'

const snapshotSize = 5
const pageSize = 3

/** Small, and the same for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

type Entry = { seq: number; event: FeedEvent }

class ModelHub {
  private made = 0
  seq = 0
  stored: Notification[] = []
  log: Entry[] = []
  listener: ((event: FeedEvent) => void) | undefined

  newestFirst(): Notification[] {
    return [...this.stored].sort((one, other) => (one.id < other.id ? 1 : -1))
  }

  post(key: string | undefined, state: Notification['state']): void {
    if (key) {
      for (const { id } of this.stored.filter((other) => other.key === key && isOpen(other))) {
        this.remove(id)
      }
    }
    this.made += 1
    const id = `n${String(this.made).padStart(5, '0')}`
    const notification: Notification = { id, message: id, timestamp: '' }
    if (key) notification.key = key
    if (state) notification.state = state
    this.stored.push(notification)
    this.append({ type: 'notification', notification, live: true }, id)
  }

  revise(id: string): void {
    this.stored = this.stored.map((other) =>
      other.id === id ? { ...other, resolved_at: `at ${this.seq}` } : other,
    )
    const notification = this.stored.find((other) => other.id === id)!
    this.append({ type: 'notification', notification, live: true }, id)
  }

  remove(id: string): void {
    this.stored = this.stored.filter((other) => other.id !== id)
    this.append({ type: 'deleted', id }, id)
  }

  clear(): void {
    this.stored = []
    this.log = []
    this.append({ type: 'cleared' })
  }

  snapshot(reset: boolean): FeedEvent {
    const all = this.newestFirst()
    const notifications = all.slice(0, snapshotSize)
    const floor = all.length < snapshotSize ? undefined : notifications.at(-1)!.id
    return {
      type: 'snapshot',
      notifications,
      floor,
      open: all.slice(snapshotSize).filter(isOpen),
      reset,
    }
  }

  older(before: string) {
    const all = this.newestFirst().filter(({ id }) => id < before)
    const notifications = all.slice(0, pageSize)
    return { notifications, floor: all.length < pageSize ? undefined : notifications.at(-1)!.id }
  }

  private append(event: FeedEvent, about?: string): void {
    this.seq += 1
    // An entry voids the earlier ones about the same notification.
    this.log = this.log.filter(({ event: earlier }) => !about || idOf(earlier) !== about)
    this.log.push({ seq: this.seq, event })
    this.listener?.(event)
  }
}

const idOf = (event: FeedEvent) =>
  event.type === 'notification'
    ? event.notification.id
    : event.type === 'deleted'
      ? event.id
      : undefined

function expectSame(view: FeedView, hub: ModelHub, what: string): void {
  const all = hub.newestFirst()
  const { floor } = view
  const from = floor === undefined ? all : all.filter(({ id }) => id >= floor)
  expect(view.list, what).toEqual(from)
  expect(allOpen(view), what).toEqual(all.filter(isOpen))
}

function run(seed: number, steps: number): void {
  const random = randomFrom(seed)
  const hub = new ModelHub()
  const limit = snapshotSize + random(12)
  let view = unknownView
  let seq = 0
  let connected = false
  let late:
    { before: string; page: ReturnType<ModelHub['older']>; meanwhile: FeedEvent[] } | undefined
  let polled = false
  const arrivals = new Map<string, number>()

  const take = (event: FeedEvent) => {
    late?.meanwhile.push(event)
    const change = applyEvent(view, event, limit)
    view = change.view
    for (const { id } of change.arrived) arrivals.set(id, (arrivals.get(id) ?? 0) + 1)
  }
  const connect = () => {
    const resumes = view.known && random(3) > 0
    if (resumes) for (const { event } of hub.log.filter((entry) => entry.seq > seq)) take(event)
    else take(hub.snapshot(true))
    connected = true
    seq = hub.seq
    hub.listener = (event) => {
      take(event)
      seq = hub.seq
    }
  }
  const disconnect = () => {
    connected = false
    hub.listener = undefined
  }
  const pick = () => hub.stored[random(hub.stored.length)]?.id

  connect()
  for (let step = 0; step < steps; step++) {
    const what = `seed ${seed}, step ${step}`
    const id = pick()
    switch (random(12)) {
      case 0:
        if (connected) disconnect()
        else connect()
        break
      case 1:
        if (id) hub.remove(id)
        break
      case 2:
        if (id) hub.revise(id)
        break
      case 3:
        if (random(12) === 0) hub.clear()
        break
      case 4:
        if (!connected) {
          polled = true
          take(hub.snapshot(false))
          const newest = hub.newestFirst().slice(0, snapshotSize)
          expect(view.list.slice(0, newest.length), what).toEqual(newest)
        }
        break
      case 5:
        if (late) {
          view = withLateAnswer(view, late.before, late.page, late.meanwhile, limit + pageSize)
          late = undefined
        } else if (connected && view.floor !== undefined && view.list.length < limit) {
          late = { before: view.floor, page: hub.older(view.floor), meanwhile: [] }
        }
        break
      default:
        hub.post(
          random(2) ? `key ${random(4)}` : undefined,
          ([undefined, 'waiting', 'running', 'done', 'failed'] as const)[random(5)],
        )
    }
    if (connected) expectSame(view, hub, what)
  }
  // A poll shows what lies ahead of the events; what a replay takes away again can arrive once more.
  if (polled) return
  for (const [id, count] of arrivals) expect(count, `seed ${seed}: ${id} arrived`).toBe(1)
}

describe('the view', () => {
  it('holds what the hub holds, whatever happens in whatever order', () => {
    for (let seed = 1; seed <= 400; seed++) run(seed, 120)
  })
})

const some = (...ids: string[]): Notification[] =>
  ids.map((id) => ({ id, message: id, timestamp: '2026-11-23T12:00:00.000Z' }))
const ids = (list: readonly Notification[]) => list.map(({ id }) => id).join('')
const viewOf = (list: string, floor?: string): FeedView => ({
  ...unknownView,
  known: true,
  list: some(...list),
  floor,
})
const snapshot = (list: string, values: Partial<FeedEvent> = {}): FeedEvent =>
  ({
    type: 'snapshot',
    notifications: some(...list),
    floor: undefined,
    open: [],
    reset: false,
    ...values,
  }) as FeedEvent

describe('one event after another', () => {
  it('an incomplete list that is emptied still knows that there is more', () => {
    const view = applyEvent(viewOf('c', 'c'), { type: 'deleted', id: 'c' }).view
    expect([view.list.length, view.floor]).toEqual([0, 'c'])
    expect(
      ids(withLateAnswer(view, 'c', { notifications: some('b'), floor: undefined }, [], 9).list),
    ) //
      .toBe('b')
  })

  it('what a poll brought stays above what the stream replays later', () => {
    const polled = applyEvent(viewOf('a', 'a'), snapshot('zy', { floor: 'y' })).view
    const replayed = { type: 'notification', notification: some('m')[0]!, live: false } as const
    expect(ids(applyEvent(polled, replayed).view.list)).toBe('zy')
  })

  it('older pages stay where a snapshot joins on, and go where it leaves a gap', () => {
    const joined = applyEvent(viewOf('dcba'), snapshot('edc', { floor: 'c' })).view
    expect([ids(joined.list), joined.floor]).toEqual(['edcba', undefined])
    const gap = applyEvent(viewOf('ba'), snapshot('zy', { floor: 'y' })).view
    expect([ids(gap.list), gap.floor]).toEqual(['zy', 'y'])
  })

  it('an answer that is late does not bring back what was deleted or cleared', () => {
    const page = { notifications: some('b', 'a'), floor: undefined }
    const deleted = { type: 'deleted', id: 'b' } as const
    expect(ids(withLateAnswer(viewOf('c', 'c'), 'c', page, [deleted], 9).list)).toBe('ca')
    const cleared = applyEvent(viewOf('c', 'c'), { type: 'cleared' }).view
    expect(ids(withLateAnswer(cleared, 'c', page, [{ type: 'cleared' }], 9).list)).toBe('')
  })

  it('arrivals are what nobody here had seen; revisions and old news are none', () => {
    const arrived = (view: FeedView, event: FeedEvent) => ids(applyEvent(view, event).arrived)
    const put = (id: string): FeedEvent => ({
      type: 'notification',
      notification: some(id)[0]!,
      live: true,
    })
    expect(arrived(viewOf('ba'), put('c'))).toBe('c')
    expect(arrived(viewOf('ba'), put('b'))).toBe('')
    expect(arrived(viewOf('cb', 'b'), put('a'))).toBe('')
    expect(arrived(unknownView, snapshot('ba'))).toBe('')
    expect(arrived(viewOf('ba'), snapshot('dcba', { reset: true }))).toBe('dc')
  })
})

// Keeps one connection to the server's event stream alive, whatever happens to it: a watchdog on the
// announced heartbeat, a new EventSource with back-off after every failure, resuming after the last event
// id. What goes on without a stream is FeedPoller's. Knows no Vue, no tabs and no list.
import { backoffDelayMs, watchedCeilingMs } from './backoff'
import type { EventSourceLike, StreamEnvironment } from './environment'
import { sequenceOf } from './event-id'
import { FeedPoller, type PollOutcome } from './feed-poller'
import { parseJson, parseNotification, parseObject, parsePage } from '../api/parse'
import type { FeedEvent } from '../feed/feed-view'
import { snapshotLimit, type ConnectionKind, type ConnectionState } from './stream-events'

/** A proxy that accepts and then says nothing must not look like a connection. */
export const helloTimeoutMs = 10_000
/** A page allows this many announced heartbeats to pass before it takes the stream for dead. */
export const heartbeatsAllowed = 2.5
const assumedHeartbeatMs = 15_000
/** A stream that lived this long was a good one: the next failure starts the back-off anew. */
const stableAfterMs = 5_000
/** Clocks that are so close agree. */
const skewAllowedMs = 2_000

/** A store that other hubs write to as well is heard of at least this often. */
const staleAfterMs = 2_000

/** What happened that timers may have slept through. */
export type WakeReason = 'visible' | 'online' | 'offline'

const isLoss = (kind: ConnectionKind) =>
  kind === 'reconnecting' || kind === 'offline' || kind === 'signed-out'

export interface EventStreamOptions {
  /** The folder the page lives in, ending in a slash. */
  baseUrl: string
  environment: StreamEnvironment
  /** Where to resume: the id of the last event that is already known. */
  lastEventId?: string
  /** Whether somebody looks at the page: then it does not wait long. */
  isWatched: () => boolean
  onEvent: (event: FeedEvent) => void
  onState: (state: ConnectionState) => void
}

export class EventStream {
  private readonly environment: StreamEnvironment
  private readonly poller: FeedPoller
  private source: EventSourceLike | undefined
  private lastEventId: string | undefined
  private state: ConnectionState
  private failures = 0
  private liveSinceMs = 0
  private lastHeardMs = 0
  private heartbeatMs = assumedHeartbeatMs
  /** Events up to this number are history that the server replays after a resume. */
  private replayedUpTo = 0
  private watchdog: number | undefined
  private retryTimer: number | undefined
  private stopped = true

  constructor(private readonly options: EventStreamOptions) {
    this.environment = options.environment
    this.lastEventId = options.lastEventId
    this.state = { kind: 'connecting', sinceMs: this.environment.nowMs() }
    this.poller = new FeedPoller({
      baseUrl: options.baseUrl,
      environment: options.environment,
      onSnapshot: (event) => options.onEvent(event),
      onOutcome: (outcome) => this.showPolling(outcome),
    })
  }

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    this.failures = 0
    this.show('connecting')
    this.connect()
  }

  stop(): void {
    this.stopped = true
    this.disconnect()
    this.poller.stop()
  }

  /**
   * The page became visible, the computer woke up, the network came or went. A stream that still speaks is left alone,
   * except when the network has come back: what the old one had sent on its way may be lost, and a resume is cheap.
   */
  wake(reason: WakeReason): void {
    if (this.stopped) return
    if (reason === 'online') {
      this.reconnectNow()
    } else if (this.source && this.state.kind === 'live') {
      const silentForMs = this.environment.nowMs() - this.lastHeardMs
      // The network is said to be gone, but that may be another network than the server's: give a live
      // stream one heartbeat to prove itself.
      if (reason === 'offline') this.watch(this.heartbeatMs + 1_000)
      else if (silentForMs > this.allowedSilenceMs()) this.reconnectNow()
    } else if (reason === 'offline') {
      if (this.state.kind === 'reconnecting') this.show('offline', this.state.retryAtMs)
    } else if (!this.source) {
      // A try that is under way goes on: behind a slow proxy it may need some seconds.
      this.reconnectNow()
    }
  }

  /** A person asked for it: no more waiting. */
  reconnectNow(): void {
    if (this.stopped) return
    this.failures = 0
    this.disconnect()
    if (this.state.kind === 'live') this.show('reconnecting')
    else if (isLoss(this.state.kind)) this.show(this.state.kind)
    this.connect()
  }

  private connect(): void {
    this.retryTimer = undefined
    const url = new URL('events', this.options.baseUrl)
    url.searchParams.set('limit', String(snapshotLimit))
    if (this.lastEventId) url.searchParams.set('last_event_id', this.lastEventId)
    let source: EventSourceLike
    try {
      source = this.environment.openEventSource(url.href)
    } catch {
      // A browser without EventSource, or one that forbids it here: polling does it too.
      this.lost()
      return
    }
    this.source = source
    this.watch(helloTimeoutMs)
    const listen = (type: string, handle: (data: string, eventId: string) => void) =>
      source.addEventListener(type, (event) => {
        // A closed source may still have an event in the queue; it belongs to the past.
        if (this.source !== source) return
        this.heard()
        handle(event.data, event.lastEventId)
      })
    listen('hello', (data) => this.welcome(data))
    listen('init', (data, eventId) => this.takeSnapshot(data, eventId))
    listen('notification', (data, eventId) => {
      const notification = parseNotification(parseObject(data))
      if (notification) {
        const live = (sequenceOf(eventId) ?? Infinity) > this.replayedUpTo
        this.take({ type: 'notification', notification, live, eventId })
      }
    })
    listen('deleted', (data, eventId) => {
      const id = parseObject(data)?.id
      if (typeof id === 'string') this.take({ type: 'deleted', id, eventId })
    })
    listen('cleared', (_data, eventId) => this.take({ type: 'cleared', eventId }))
    listen('read', (data, eventId) => {
      const through = parseObject(data)?.through
      if (typeof through === 'string') this.take({ type: 'read', through, eventId })
    })
    listen('heartbeat', (data) => this.takeStale(parseObject(data)))
    source.addEventListener('error', () => {
      // Also when the browser would come back by itself: its own retries know neither jitter that grows
      // nor a last event id that outlives this EventSource, and it stops for good after a 502.
      if (this.source === source) this.lost()
    })
  }

  private welcome(data: string): void {
    const hello = parseObject(data) ?? {}
    if (typeof hello.heartbeat_ms === 'number' && hello.heartbeat_ms > 0) {
      this.heartbeatMs = hello.heartbeat_ms
    }
    const skewMs =
      typeof hello.now === 'string' ? Date.parse(hello.now) - this.environment.nowMs() : 0
    const latest = typeof hello.latest_id === 'string' ? sequenceOf(hello.latest_id) : undefined
    this.replayedUpTo = hello.resumed === true ? (latest ?? 0) : 0
    if (typeof hello.read_through === 'string') {
      this.take({ type: 'read', through: hello.read_through })
    }
    this.liveSinceMs = this.environment.nowMs()
    this.poller.stop()
    if (typeof hello.version === 'string') this.state = { ...this.state, version: hello.version }
    this.state = { ...this.state, skewMs: Math.abs(skewMs) > skewAllowedMs ? skewMs : 0 }
    this.show('live')
    this.takeStale(hello)
    this.watch(this.allowedSilenceMs())
  }

  /** The hub says, when it has lost touch with its store, for how long. */
  private takeStale(told: Record<string, unknown> | undefined): void {
    const stale = told?.stale_ms
    const staleMs = typeof stale === 'number' && stale > staleAfterMs ? stale : undefined
    if (staleMs === this.state.staleMs) return
    this.state = { ...this.state, staleMs }
    this.options.onState(this.state)
  }

  private takeSnapshot(data: string, eventId: string): void {
    const page = parsePage(parseJson(data), snapshotLimit)
    if (page) this.take({ type: 'snapshot', ...page, reset: true, eventId })
  }

  private take(event: FeedEvent): void {
    if (event.eventId) this.lastEventId = event.eventId
    this.options.onEvent(event)
  }

  private heard(): void {
    this.lastHeardMs = this.environment.nowMs()
    // Before `hello` the heartbeat is not known, and the shorter deadline for it still runs.
    if (this.state.kind === 'live') this.watch(this.allowedSilenceMs())
  }

  private allowedSilenceMs(): number {
    return this.heartbeatMs * heartbeatsAllowed
  }

  private watch(delayMs: number): void {
    if (this.watchdog !== undefined) this.environment.clearTimer(this.watchdog)
    this.watchdog = this.environment.setTimer(() => this.lost(), delayMs)
  }

  private lost(): void {
    const wasStable =
      this.state.kind === 'live' && this.environment.nowMs() - this.liveSinceMs >= stableAfterMs
    this.disconnect()
    if (this.stopped) return
    this.failures = wasStable ? 1 : this.failures + 1
    const mostMs = this.options.isWatched() ? watchedCeilingMs : undefined
    const delayMs = backoffDelayMs(this.failures, () => this.environment.random(), mostMs)
    this.retryTimer = this.environment.setTimer(() => this.retry(), delayMs)
    if (this.state.kind !== 'polling') {
      const { kind } = this.state
      const lost = this.environment.isOnline() ? 'reconnecting' : 'offline'
      this.show(kind === 'signed-out' ? kind : lost, this.environment.nowMs() + delayMs)
    }
    this.poller.start()
  }

  private retry(): void {
    if (this.state.kind !== 'polling') this.show(this.state.kind)
    this.connect()
  }

  private disconnect(): void {
    this.source?.close()
    this.source = undefined
    if (this.watchdog !== undefined) this.environment.clearTimer(this.watchdog)
    if (this.retryTimer !== undefined) this.environment.clearTimer(this.retryTimer)
    this.watchdog = this.retryTimer = undefined
  }

  private showPolling(outcome: PollOutcome): void {
    const { kind, retryAtMs } = this.state
    if (kind === 'live') return
    if (outcome === 'reached') this.show('polling')
    else if (outcome === 'signed out') this.show('signed-out', retryAtMs)
    else if (kind === 'polling') this.show('reconnecting')
  }

  private show(kind: ConnectionKind, retryAtMs?: number): void {
    const { kind: before, version, skewMs } = this.state
    const goesOn = before === kind || (isLoss(before) && isLoss(kind))
    const sinceMs = goesOn ? this.state.sinceMs : this.environment.nowMs()
    this.state = { kind, sinceMs, version, skewMs }
    if (retryAtMs !== undefined) this.state.retryAtMs = retryAtMs
    this.options.onState(this.state)
  }
}

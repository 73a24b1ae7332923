// Holds the one stream that all tabs of a browser share, remembers the newest notifications for tabs that
// join later, and keeps the books that belong to the browser as a whole: what was read, who may sound.
// Runs in the shared worker, or in the page itself where there is none, and knows neither.
import type { Notification } from '../api/notification'
import { callFor, defaultAttention, type Attention } from '../feed/attention'
import { allOpen, applyEvent, unknownView, type FeedEvent, type FeedView } from '../feed/feed-view'
import { publishedMs } from '../feed/states'
import { Alerting, type AlertTab } from './alerting'
import type { StreamEnvironment } from './environment'
import { EventStream } from './event-stream'
import { ReadMarks } from './read-marks'
import { Reminders } from './reminders'
import { snapshotLimit, type ConnectionState } from './stream-events'
import type { HostToTab, Presence, TabToHost } from './tab-messages'

export interface TabPort {
  post: (message: HostToTab) => void
}

/** A tab says what it can do every `presenceIntervalMs`; a visible one that fell silent has crashed. */
export const presenceIntervalMs = 3_000
const presenceHoldsMs = 30_000
/** The timers of hidden tabs run once a minute. */
const hiddenHoldsMs = 150_000
/** What was missed while the page was away still rings, if it is no older than this. */
export const missedRingsMs = 15 * 60_000

interface Tab {
  port: TabPort
  presence: Presence
  heardAtMs: number
}

export class StreamHost {
  private readonly tabs = new Map<TabPort, Tab>()
  private readonly alerting: Alerting
  private readonly reminders: Reminders
  private readonly marks: ReadMarks
  private stream: EventStream | undefined
  private state: ConnectionState
  private view: FeedView = unknownView
  private eventId: string | undefined
  private attention: Attention = defaultAttention
  private baseUrl = ''
  /** What the hub wants to see before something is changed. */
  private token: string | undefined
  private audible = false
  /** The page has been up to date before: what it does not know yet is news, and not history. */
  private wasUpToDate = false

  constructor(private readonly environment: StreamEnvironment) {
    this.state = { kind: 'connecting', sinceMs: environment.nowMs() }
    this.alerting = new Alerting({ environment, candidates: () => this.alertCandidates() })
    this.reminders = new Reminders({
      environment,
      open: () => allOpen(this.view),
      remind: (notification) => {
        if (this.attention.reminds) this.alerting.remind(this.callFor(notification))
      },
    })
    this.marks = new ReadMarks({
      environment,
      view: () => this.view,
      mark: (through) =>
        void environment.markRead(new URL('api/read', this.baseUrl).href, through, this.token),
      onChange: (read) => this.broadcast({ type: 'read', read }),
    })
  }

  receive(port: TabPort, message: TabToHost): void {
    switch (message.type) {
      case 'join':
        this.join(port, message)
        break
      case 'token':
        this.token = message.token
        break
      case 'attention':
        this.attention = message.attention
        break
      case 'presence':
        this.setPresence(port, message.presence)
        port.post({ type: 'pong' })
        break
      case 'wake':
        this.stream?.wake(message.reason)
        this.reminders.look()
        break
      case 'reconnect':
        this.stream?.reconnectNow()
        break
      case 'alerted':
        this.alerting.answered(message.alertId)
        break
      case 'seen':
        this.marks.look(message.ids)
        break
      case 'seen-through':
        this.marks.lookThrough(message.id)
        break
      case 'leave':
        this.leave(port)
        break
    }
  }

  leave(port: TabPort): void {
    if (!this.tabs.delete(port)) return
    this.updateAudible()
    // A page in the back/forward cache must not hold a connection; it joins again when it is shown.
    if (this.tabs.size === 0) {
      this.stream?.stop()
      this.stream = undefined
      this.reminders.stop()
    }
  }

  private join(port: TabPort, message: Extract<TabToHost, { type: 'join' }>): void {
    const { presence, baseUrl, saved, attention } = message
    this.tabs.set(port, { port, presence, heardAtMs: this.environment.nowMs() })
    this.token = message.token ?? this.token
    this.attention = attention
    this.baseUrl = baseUrl
    if (!this.view.known && saved) {
      this.view = saved.view
      this.eventId = saved.eventId
      if (saved.view.readThrough) this.marks.take(saved.view.readThrough)
      else this.marks.begin()
      this.wasUpToDate = message.wasOpen
    }
    this.updateAudible()
    if (!this.stream) {
      this.stream = new EventStream({
        baseUrl,
        environment: this.environment,
        lastEventId: this.eventId,
        isWatched: () => this.isAny('visible'),
        onEvent: (event) => this.take(event),
        onState: (state) => this.takeState(state),
      })
      this.stream.start()
    }
    const known = this.view.known ? { view: this.view, eventId: this.eventId } : undefined
    const { state, audible, marks } = this
    port.post({ type: 'welcome', state, known, read: marks.state, audible })
  }

  private setPresence(port: TabPort, presence: Presence): void {
    const tab = this.tabs.get(port)
    if (!tab) return
    tab.presence = presence
    tab.heardAtMs = this.environment.nowMs()
    this.updateAudible()
  }

  private takeState(state: ConnectionState): void {
    // Whatever comes after the first loss was missed by a page that had been up to date.
    if (this.state.kind === 'live' && state.kind !== 'live' && this.view.known) {
      this.wasUpToDate = true
    }
    this.state = state
    this.broadcast({ type: 'state', state })
  }

  private take(event: FeedEvent): void {
    if (event.eventId) this.eventId = event.eventId
    const wasKnown = this.view.known
    const { view, arrived } = applyEvent(this.view, event, snapshotLimit)
    this.view = view
    if (event.type === 'read') this.marks.take(event.through)
    else if (!wasKnown && view.known) this.marks.begin()
    this.broadcast({ type: 'feed', event })
    this.reminders.look()
    const isLive = event.type === 'notification' && event.live
    if (isLive || this.wasUpToDate) this.call(arrived, !isLive)
    // A poll has no events to resume after: once it got through, the page is up to date.
    if (event.type === 'snapshot') this.wasUpToDate = true
  }

  private call(arrived: readonly Notification[], missed: boolean): void {
    const hubNowMs = this.environment.nowMs() + (this.state.skewMs ?? 0)
    const young = missed
      ? arrived.filter((notification) => hubNowMs - publishedMs(notification) <= missedRingsMs)
      : arrived
    if (young.length > 0)
      this.alerting.add(
        young.map((one) => this.callFor(one)),
        missed,
      )
  }

  private callFor(notification: Notification) {
    const nowMs = this.environment.nowMs()
    return callFor(notification, this.attention, { isFocused: this.isAny('focused'), nowMs })
  }

  private alertCandidates(): AlertTab[] {
    const rank = ({ presence }: Tab) => (presence.audible ? 0 : 2) + (presence.visible ? 0 : 1)
    return [...this.tabs.values()]
      .sort((one, other) => rank(one) - rank(other))
      .map(({ port }) => ({ ring: (alert) => port.post({ type: 'alert', alert }) }))
  }

  private isAny(what: 'visible' | 'focused'): boolean {
    const oldest = this.environment.nowMs() - presenceHoldsMs
    return [...this.tabs.values()].some(
      ({ presence, heardAtMs }) => presence.visible && presence[what] && heardAtMs >= oldest,
    )
  }

  private updateAudible(): void {
    const oldest = this.environment.nowMs() - hiddenHoldsMs
    const audible = [...this.tabs.values()].some(
      ({ presence, heardAtMs }) => presence.audible && heardAtMs >= oldest,
    )
    if (audible === this.audible) return
    this.audible = audible
    this.broadcast({ type: 'audible', audible })
  }

  private broadcast(message: HostToTab): void {
    for (const { port } of this.tabs.values()) port.post(message)
  }
}

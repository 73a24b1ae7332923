// Holds the one stream that all tabs of a browser share, remembers the newest notifications for tabs that
// join later, and keeps the books that belong to the browser as a whole: what is unread, who may sound.
// Runs in the shared worker, or in the page itself where there is none, and knows neither.
import type { Notification } from '../api/notification'
import {
  isNews,
  newIn,
  without,
  withNotification,
  withSnapshot,
  type NotificationList,
} from '../feed/notification-list'
import { Alerting, type AlertTab } from './alerting'
import type { StreamEnvironment } from './environment'
import { EventStream } from './event-stream'
import { snapshotLimit, type ConnectionState, type FeedEvent } from './stream-events'
import type { HostToTab, Presence, SavedPosition, TabToHost } from './tab-messages'

export interface TabPort {
  post(message: HostToTab): void
}

/** A visible tab says so every `presenceIntervalMs`; one that fell silent has crashed. */
export const presenceIntervalMs = 20_000
const presenceHoldsMs = 3 * presenceIntervalMs
const maxUnread = 1_000
/** What is read is marked at the server this long after it was shown. */
export const markDelayMs = 1_000

interface Tab {
  port: TabPort
  presence: Presence
  heardAtMs: number
}

export class StreamHost {
  private readonly tabs = new Map<TabPort, Tab>()
  private readonly alerting: Alerting
  private stream: EventStream | undefined
  private state: ConnectionState
  /** The newest notifications, undefined until anything is known of the feed. */
  private known: NotificationList | undefined
  private complete = false
  private eventId: string | undefined
  private unread = new Set<string>()
  private baseUrl = ''
  /** Up to which notification all was read, as the server has it. */
  /** What the hub wants to see before something is changed. */
  private token: string | undefined
  private readThrough: string | undefined
  private markTimer: number | undefined
  private audible = false

  constructor(private readonly environment: StreamEnvironment) {
    this.state = { kind: 'connecting', sinceMs: environment.nowMs() }
    this.alerting = new Alerting({
      environment,
      candidates: () => this.alertCandidates(),
    })
  }

  receive(port: TabPort, message: TabToHost): void {
    switch (message.type) {
      case 'join':
        this.token = message.token ?? this.token
        this.join(port, message.presence, message.baseUrl, message.saved)
        break
      case 'token':
        this.token = message.token
        break
      case 'presence':
        this.setPresence(port, message.presence)
        break
      case 'wake':
        this.stream?.wake(message.online)
        break
      case 'reconnect':
        this.stream?.reconnectNow()
        break
      case 'alerted':
        this.alerting.answered(message.alertId)
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
    }
  }

  private join(port: TabPort, presence: Presence, baseUrl: string, saved?: SavedPosition): void {
    this.tabs.set(port, { port, presence, heardAtMs: this.environment.nowMs() })
    if (!this.known && saved) {
      this.known = saved.notifications
      this.eventId = saved.eventId
    }
    this.baseUrl = baseUrl
    if (presence.visible) this.lookedAt()
    this.updateAudible()
    if (!this.stream) {
      this.stream = new EventStream({
        baseUrl,
        environment: this.environment,
        lastEventId: this.eventId,
        onEvent: (event) => this.take(event),
        onState: (state) => {
          this.state = state
          this.broadcast({ type: 'state', state })
        },
      })
      this.stream.start()
    }
    const known = this.known && {
      notifications: [...this.known],
      complete: this.complete,
      eventId: this.eventId,
    }
    const { state, audible } = this
    port.post({ type: 'welcome', state, known, unread: this.unread.size, audible })
  }

  private setPresence(port: TabPort, presence: Presence): void {
    const tab = this.tabs.get(port)
    if (!tab) return
    tab.presence = presence
    tab.heardAtMs = this.environment.nowMs()
    if (presence.visible) this.lookedAt()
    this.updateAudible()
  }

  private take(event: FeedEvent): void {
    if (event.eventId) this.eventId = event.eventId
    const before = this.known ?? []
    let arrived: Notification[] = []
    switch (event.type) {
      case 'snapshot':
        // The very first view of the feed is all history.
        if (this.known) arrived = newIn(event.notifications, before)
        this.keep(withSnapshot(before, event))
        this.complete = event.complete
        break
      case 'notification':
        // A revision is no news: it neither rings nor counts.
        if (isNews(event.notification, before)) arrived = [event.notification]
        this.keep(withNotification(before, event.notification))
        break
      case 'deleted':
        this.keep(without(before, [event.id]))
        this.forgetUnread(event.id)
        break
      case 'cleared':
        this.keep([])
        this.complete = true
        this.setUnread(new Set())
        break
      case 'read':
        this.takeReadMark(event.through)
        break
    }
    this.broadcast({ type: 'feed', event })
    if (this.isAnyVisible()) this.markReadSoon()
    if (arrived.length === 0) return
    const unseen = !this.isAnyVisible()
    if (unseen) this.addUnread(arrived)
    if ((event.type === 'snapshot' || event.type === 'notification') && event.live) {
      this.alerting.add(arrived, unseen)
    }
  }

  /** A tab shows the list: nothing of it is unread. */
  private lookedAt(): void {
    this.setUnread(new Set())
    this.markReadSoon()
  }

  /** Tells the server, and with it every other device, what was read; a burst is one mark. */
  private markReadSoon(): void {
    this.markTimer ??= this.environment.setTimer(() => {
      this.markTimer = undefined
      const newest = this.known?.[0]?.id
      if (!newest || (this.readThrough && newest <= this.readThrough)) return
      this.readThrough = newest
      void this.environment.markRead(new URL('api/read', this.baseUrl).href, newest, this.token)
    }, markDelayMs)
  }

  /** What was read on another device is not unread here. */
  private takeReadMark(through: string): void {
    this.readThrough = through
    this.setUnread(new Set([...this.unread].filter((id) => id > through)))
  }

  private keep(list: NotificationList): void {
    if (list.length > snapshotLimit) this.complete = false
    this.known = list.slice(0, snapshotLimit)
  }

  private alertCandidates(): AlertTab[] {
    const rank = ({ presence }: Tab) => (presence.audible ? 0 : 2) + (presence.visible ? 0 : 1)
    return [...this.tabs.values()]
      .sort((one, other) => rank(one) - rank(other))
      .map(({ port }) => ({ ring: (alert) => port.post({ type: 'alert', alert }) }))
  }

  private isAnyVisible(): boolean {
    const oldest = this.environment.nowMs() - presenceHoldsMs
    return [...this.tabs.values()].some((tab) => tab.presence.visible && tab.heardAtMs >= oldest)
  }

  private addUnread(notifications: Notification[]): void {
    const ids = [...this.unread, ...notifications.map(({ id }) => id)]
    this.setUnread(new Set(ids.slice(-maxUnread)))
  }

  private forgetUnread(id: string): void {
    if (!this.unread.has(id)) return
    this.setUnread(new Set([...this.unread].filter((other) => other !== id)))
  }

  private setUnread(unread: Set<string>): void {
    const changed = unread.size !== this.unread.size
    this.unread = unread
    if (changed) this.broadcast({ type: 'unread', count: unread.size })
  }

  private updateAudible(): void {
    const audible = [...this.tabs.values()].some(({ presence }) => presence.audible)
    if (audible === this.audible) return
    this.audible = audible
    this.broadcast({ type: 'audible', audible })
  }

  private broadcast(message: HostToTab): void {
    for (const { port } of this.tabs.values()) port.post(message)
  }
}

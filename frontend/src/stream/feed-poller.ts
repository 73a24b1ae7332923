// Asks for the newest notifications, and for what is open besides, every ten seconds while there is no stream, with
// the ETag of the last answer, so that an unchanged feed costs a 304. Decides nothing about streams: EventStream starts and
// stops it.
import type { Notification } from '../api/notification'
import type { StreamEnvironment } from './environment'
import { parsePage } from '../api/parse'
import type { FeedEvent } from '../feed/feed-view'
import { snapshotLimit } from './stream-events'

export const pollIntervalMs = 10_000
const pollTimeoutMs = 8_000
/** The hub keeps at most so many open. */
const openLimit = 500
/** What came of a try. */
export type PollOutcome = 'reached' | 'unreachable' | 'signed out'

export interface FeedPollerOptions {
  baseUrl: string
  environment: StreamEnvironment
  onSnapshot: (event: FeedEvent) => void
  /** After each try. */
  onOutcome: (outcome: PollOutcome) => void
}

export class FeedPoller {
  private timer: number | undefined
  private request: AbortController | undefined
  private etag: string | null = null

  constructor(private readonly options: FeedPollerOptions) {}

  /** Polls at once and then goes on for as long as it succeeds; does nothing while already at it. */
  start(): void {
    if (this.request || this.timer !== undefined) return
    void this.pollOnce()
  }

  stop(): void {
    this.request?.abort()
    this.request = undefined
    if (this.timer !== undefined) this.options.environment.clearTimer(this.timer)
    this.timer = undefined
    // What the stream brings meanwhile is unknown to this ETag.
    this.etag = null
  }

  private async pollOnce(): Promise<void> {
    const { environment } = this.options
    this.timer = undefined
    const request = new AbortController()
    this.request = request
    const timeout = environment.setTimer(() => request.abort(), pollTimeoutMs)
    let outcome: PollOutcome = 'unreachable'
    try {
      const answer = await environment.poll(this.address({}), this.etag, request.signal)
      // Stopped meanwhile: the stream is back, and this answer may be older than what it brought.
      if (this.request !== request) return
      if (answer.signedOut) outcome = 'signed out'
      else if (answer.status === 304) outcome = 'reached'
      const page = answer.status === 200 ? parsePage(answer.body, snapshotLimit) : undefined
      if (page) {
        const { notifications, floor } = page
        const open = floor === undefined ? [] : await this.openBelow(floor, request)
        if (this.request !== request) return
        outcome = 'reached'
        this.etag = answer.etag
        this.options.onSnapshot({ type: 'snapshot', notifications, floor, open, reset: false })
      }
    } catch {
      if (this.request !== request) return
    } finally {
      environment.clearTimer(timeout)
    }
    this.request = undefined
    if (outcome === 'reached') {
      this.timer = environment.setTimer(() => void this.pollOnce(), pollIntervalMs)
    }
    this.options.onOutcome(outcome)
  }

  /** Those that wait or run and are older than the newest that were asked for. */
  private async openBelow(floor: string, request: AbortController): Promise<Notification[]> {
    const url = this.address({ open: 'true', limit: String(openLimit) })
    const answer = await this.options.environment.poll(url, null, request.signal)
    const page = parsePage(answer.body, openLimit)
    if (!page) throw new Error('the answer is not a list')
    return page.notifications.filter(({ id }) => id < floor)
  }

  private address(parameters: Record<string, string>): string {
    const url = new URL('api/notifications', this.options.baseUrl)
    const all = { limit: String(snapshotLimit), ...parameters }
    for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value)
    return url.href
  }
}

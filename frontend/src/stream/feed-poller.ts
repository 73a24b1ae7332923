// Asks for the newest notifications every ten seconds while there is no stream, with the ETag of the last
// answer, so that an unchanged feed costs a 304. Decides nothing about streams: EventStream starts and
// stops it.
import type { StreamEnvironment } from './environment'
import { parseNotificationArray } from '../api/parse'
import { snapshotLimit, type FeedEvent } from './stream-events'

export const pollIntervalMs = 10_000
const pollTimeoutMs = 8_000

export interface FeedPollerOptions {
  baseUrl: string
  environment: StreamEnvironment
  onSnapshot(event: FeedEvent): void
  /** After each try: whether the server could be reached. */
  onOutcome(reached: boolean): void
}

export class FeedPoller {
  private timer: number | undefined
  private request: AbortController | undefined
  private etag: string | null = null
  /** Whether the poll before this one got through, so that what is new now has only just happened. */
  private continuous = false

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
    this.continuous = false
    // What the stream brings meanwhile is unknown to this ETag.
    this.etag = null
  }

  private async pollOnce(): Promise<void> {
    const { environment } = this.options
    this.timer = undefined
    const request = new AbortController()
    this.request = request
    const timeout = environment.setTimer(() => request.abort(), pollTimeoutMs)
    const url = new URL('api/notifications', this.options.baseUrl)
    url.searchParams.set('limit', String(snapshotLimit))
    let reached = false
    try {
      const answer = await environment.poll(url.href, this.etag, request.signal)
      // Stopped meanwhile: the stream is back, and this answer may be older than what it brought.
      if (this.request !== request) return
      const notifications = answer.status === 200 ? parseNotificationArray(answer.body) : undefined
      reached = notifications !== undefined || answer.status === 304
      if (notifications) {
        this.etag = answer.etag
        const complete = notifications.length < snapshotLimit
        const live = this.continuous
        this.options.onSnapshot({ type: 'snapshot', notifications, reset: false, live, complete })
      }
    } catch {
      if (this.request !== request) return
    } finally {
      environment.clearTimer(timeout)
    }
    this.request = undefined
    this.continuous = reached
    if (reached) this.timer = environment.setTimer(() => void this.pollOnce(), pollIntervalMs)
    this.options.onOutcome(reached)
  }
}

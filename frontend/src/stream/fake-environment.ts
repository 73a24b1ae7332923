// For tests only: an environment whose EventSources and poll answers are in the hands of the test, and
// whose time is vitest's fake clock.
import type { Notification } from '../api/notification'
import type { EventSourceLike, PollAnswer, StreamEnvironment } from './environment'

export class FakeEventSource implements EventSourceLike {
  closed = false
  private readonly listeners = new Map<string, ((event: MessageEvent<string>) => void)[]>()

  constructor(readonly url: string) {}

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener])
  }

  close(): void {
    this.closed = true
  }

  emit(type: string, data?: unknown, lastEventId = ''): void {
    const event = { data: JSON.stringify(data), lastEventId } as MessageEvent<string>
    for (const listener of this.listeners.get(type) ?? []) listener(event)
  }

  /** The server's first words. */
  welcome(hello: Record<string, unknown> = {}): void {
    this.emit('hello', {
      resumed: false,
      reason: 'fresh',
      missed: 0,
      latest_id: 'e-0',
      heartbeat_ms: 15_000,
      version: '1.2.3',
      ...hello,
    })
  }

  fail(): void {
    this.emit('error')
  }
}

export class FakeEnvironment implements StreamEnvironment {
  sources: FakeEventSource[] = []
  polls: { url: string; etag: string | null; signal: AbortSignal }[] = []
  /** Undefined: the server cannot be reached. */
  answer: PollAnswer | undefined
  randomValue = 0.5
  online = true
  eventSourceForbidden = false

  get source(): FakeEventSource {
    return this.sources.at(-1)!
  }

  openEventSource(url: string): EventSourceLike {
    if (this.eventSourceForbidden) throw new Error('no EventSource here')
    const source = new FakeEventSource(url)
    this.sources.push(source)
    return source
  }

  poll(url: string, etag: string | null, signal: AbortSignal): Promise<PollAnswer> {
    this.polls.push({ url, etag, signal })
    return this.answer
      ? Promise.resolve(this.answer)
      : Promise.reject(new TypeError('network error'))
  }

  marks: { url: string; through: string; token?: string }[] = []

  markRead(url: string, through: string, token?: string): Promise<void> {
    this.marks.push({ url, through, ...(token && { token }) })
    return Promise.resolve()
  }

  setTimer(callback: () => void, delayMs: number): number {
    return setTimeout(callback, delayMs)
  }

  clearTimer(timer: number): void {
    clearTimeout(timer)
  }

  nowMs(): number {
    return Date.now()
  }

  random(): number {
    return this.randomValue
  }

  isOnline(): boolean {
    return this.online
  }
}

let made = 0

export function fakeNotification(values: Partial<Notification> = {}): Notification {
  made += 1
  return {
    // As the server's: ids sort by the time of publishing.
    id: `n${String(made).padStart(6, '0')}`,
    message: `message ${made}`,
    timestamp: '2026-11-23T12:00:00.000Z',
    ...values,
  }
}

// What the stream needs from the browser, as an interface, so that tests can hand in a fake clock, a fake
// EventSource and a fake server. The only place that names the real ones.

export interface EventSourceLike {
  addEventListener: (type: string, listener: (event: MessageEvent<string>) => void) => void
  close: () => void
}

export interface PollAnswer {
  status: number
  etag: string | null
  body: unknown
  /** A proxy in front of the hub wants one to sign in again. */
  signedOut?: boolean
}

export interface StreamEnvironment {
  openEventSource: (url: string) => EventSourceLike
  /** Rejects when the network fails or `signal` aborts; resolves for every status. */
  poll: (url: string, etag: string | null, signal: AbortSignal) => Promise<PollAnswer>
  /** Moves the read mark at the server. Never rejects: the next mark makes up for a lost one. */
  markRead: (url: string, through: string, token: string | undefined) => Promise<void>
  setTimer: (callback: () => void, delayMs: number) => number
  clearTimer: (timer: number) => void
  nowMs: () => number
  random: () => number
  isOnline: () => boolean
}

/** The real browser; the same in a page and in a worker. */
export const browserEnvironment: StreamEnvironment = {
  openEventSource: (url) => new EventSource(url),
  async poll(url, etag, signal) {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (etag) headers['if-none-match'] = etag
    // The browser's cache would turn a 304 into a 200 and hide that nothing has changed.
    const response = await fetch(url, { headers, signal, cache: 'no-store', redirect: 'manual' })
    const { status } = response
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    const signedOut =
      response.type === 'opaqueredirect' ||
      status === 401 ||
      status === 403 ||
      (status === 200 && !isJson)
    const body: unknown = status === 200 && isJson ? await response.json() : undefined
    return { status, etag: response.headers.get('etag'), body, signedOut }
  },
  async markRead(url, through, token) {
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    if (token) headers.authorization = `Bearer ${token}`
    const body = JSON.stringify({ through })
    await fetch(url, { method: 'PUT', headers, body, keepalive: true }).catch(() => undefined)
  },
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => clearTimeout(timer),
  nowMs: () => Date.now(),
  random: () => Math.random(),
  isOnline: () => navigator.onLine,
}

// A tab's end of the feed: joins the shared worker's stream, or holds its own where there is no shared
// worker, or where it does not answer. Whoever uses it cannot tell which it is.
import { loadPublishToken } from '../api/publish-token'
import { browserEnvironment } from './environment'
import { presenceIntervalMs, StreamHost } from './stream-host'
import type { HostToTab, Presence, SavedPosition, TabToHost } from './tab-messages'

/** How long a shared worker may take to say hello before the tab helps itself. */
const welcomeTimeoutMs = 4_000

export interface FeedConnection {
  /** Called with each message; there is one listener, set before `open`. */
  onMessage: (message: HostToTab) => void
  open(saved: SavedPosition | undefined): void
  setPresence(presence: Presence): void
  /** What the hub wants to see before something is changed. */
  setToken(token: string): void
  wake(): void
  reconnect(): void
  alerted(alertId: number): void
  close(): void
  /** One stream serves all tabs of this browser. */
  readonly isShared: boolean
}

interface Link {
  post(message: TabToHost): void
  close(): void
}

export function createFeedConnection(baseUrl: string): FeedConnection {
  return new TabConnection(baseUrl)
}

class TabConnection implements FeedConnection {
  onMessage: (message: HostToTab) => void = () => {}
  isShared = false
  private link: Link | undefined
  private welcomed = false
  private saved: SavedPosition | undefined
  private presence: Presence = { visible: true, audible: false }
  private presenceTimer: ReturnType<typeof setInterval> | undefined

  constructor(private readonly baseUrl: string) {}

  open(saved: SavedPosition | undefined): void {
    this.saved = saved
    this.welcomed = false
    this.use(this.sharedLink() ?? this.ownLink())
    this.presenceTimer = setInterval(() => {
      if (this.presence.visible) this.setPresence(this.presence)
    }, presenceIntervalMs)
  }

  setPresence(presence: Presence): void {
    this.presence = presence
    this.link?.post({ type: 'presence', presence })
  }

  setToken(token: string): void {
    this.link?.post({ type: 'token', token })
  }

  wake(): void {
    this.link?.post({ type: 'wake', online: navigator.onLine })
  }

  reconnect(): void {
    this.link?.post({ type: 'reconnect' })
  }

  alerted(alertId: number): void {
    this.link?.post({ type: 'alerted', alertId })
  }

  close(): void {
    clearInterval(this.presenceTimer)
    this.link?.post({ type: 'leave' })
    this.link?.close()
    this.link = undefined
  }

  private use(link: Link): void {
    this.link = link
    const { baseUrl, presence, saved } = this
    link.post({ type: 'join', baseUrl, presence, saved, token: loadPublishToken() })
  }

  private receive(link: Link | undefined, message: HostToTab): void {
    if (link !== this.link) return
    if (message.type === 'welcome') this.welcomed = true
    this.onMessage(message)
  }

  private sharedLink(): Link | undefined {
    if (typeof SharedWorker === 'undefined') return undefined
    let worker: SharedWorker
    try {
      worker = new SharedWorker(new URL('./shared-worker.ts', import.meta.url), {
        type: 'module',
        name: 'notifyhub',
      })
    } catch {
      return undefined
    }
    this.isShared = true
    const link: Link = {
      post: (message) => worker.port.postMessage(message),
      close: () => {
        clearTimeout(timeout)
        worker.port.close()
      },
    }
    const fallBack = () => {
      if (this.link !== link || this.welcomed) return
      link.close()
      this.use(this.ownLink())
    }
    const timeout = setTimeout(fallBack, welcomeTimeoutMs)
    worker.addEventListener('error', fallBack)
    worker.port.addEventListener('message', (event: MessageEvent<HostToTab>) => {
      clearTimeout(timeout)
      this.receive(link, event.data)
    })
    worker.port.start()
    return link
  }

  private ownLink(): Link {
    this.isShared = false
    const host = new StreamHost(browserEnvironment)
    const link: Link = {
      post: (message) => host.receive(port, message),
      close: () => host.leave(port),
    }
    // Never from within the call that caused it, so that both kinds of link behave alike.
    const port = { post: (message: HostToTab) => queueMicrotask(() => this.receive(link, message)) }
    return link
  }
}

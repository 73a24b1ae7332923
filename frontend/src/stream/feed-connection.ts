// A tab's end of the feed: joins whoever holds the stream for all tabs, and looks after it. Whoever uses it cannot
// tell where the stream is held.
import { loadPublishToken } from '../api/publish-token'
import type { Attention } from '../feed/attention'
import type { WakeReason } from './event-stream'
import { guestLink } from './guest-link'
import { electedLink, ownLink, sharedWorkerLink, type Link, type LinkOwner } from './links'
import { shortened } from './saved-position'
import { presenceIntervalMs } from './stream-host'
import type { HostToTab, Presence, SavedPosition, TabToHost } from './tab-messages'

/** How long a host may take to say hello before the tab helps itself. */
const welcomeTimeoutMs = 4_000
/** A host that has left so many questions in a row unanswered is dead: a worker dies without an event. */
const questionsAllowed = 2

export interface FeedConnection {
  /** Called with each message; there is one listener, set before `open`. */
  onMessage: (message: HostToTab) => void
  /** What the page has, for a host that has to begin anew; set before `open`. */
  position: () => SavedPosition | undefined
  /** `saved`: what an earlier load of the page had. */
  open: (saved: SavedPosition | undefined) => void
  setPresence: (presence: Presence) => void
  setAttention: (attention: Attention) => void
  /** What the hub wants to see before something is changed. */
  setToken: (token: string) => void
  wake: (reason: WakeReason) => void
  reconnect: () => void
  alerted: (alertId: number) => void
  seen: (ids: string[]) => void
  seenThrough: (id: string) => void
  close: () => void
}

export type LinkMaker = (owner: LinkOwner) => Link | undefined

/** `makers`: the ways to a host, the best one first; the last one always works. */
export function createFeedConnection(
  baseUrl: string,
  attention: Attention,
  makers: LinkMaker[] = [
    sharedWorkerLink,
    (owner) => electedLink(baseUrl, owner),
    (owner) => guestLink(baseUrl, owner),
    (owner) => ownLink(owner),
  ],
): FeedConnection {
  return new TabConnection(baseUrl, attention, makers)
}

class TabConnection implements FeedConnection {
  onMessage: (message: HostToTab) => void = () => {}
  position: () => SavedPosition | undefined = () => undefined
  private link: Link | undefined
  private saved: SavedPosition | undefined
  /** The page has shown the feed: what it does not know is news. */
  private wasWelcomed = false
  private questions = 0
  private presence: Presence = { visible: true, focused: false, audible: false }
  private presenceTimer: ReturnType<typeof setInterval> | undefined
  private welcomeTimer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly baseUrl: string,
    private attention: Attention,
    private readonly makers: LinkMaker[],
  ) {}

  open(saved: SavedPosition | undefined): void {
    this.saved = saved
    this.connect(0)
    clearInterval(this.presenceTimer)
    this.presenceTimer = setInterval(() => this.lookAfterHost(), presenceIntervalMs)
  }

  setPresence(presence: Presence): void {
    this.presence = presence
    this.post({ type: 'presence', presence })
  }

  setAttention(attention: Attention): void {
    this.attention = attention
    this.post({ type: 'attention', attention })
  }

  setToken(token: string): void {
    this.post({ type: 'token', token })
  }

  wake(reason: WakeReason): void {
    this.post({ type: 'wake', reason })
  }

  reconnect(): void {
    this.post({ type: 'reconnect' })
  }

  alerted(alertId: number): void {
    this.post({ type: 'alerted', alertId })
  }

  seen(ids: string[]): void {
    this.post({ type: 'seen', ids })
  }

  seenThrough(id: string): void {
    this.post({ type: 'seen-through', id })
  }

  close(): void {
    clearInterval(this.presenceTimer)
    clearTimeout(this.welcomeTimer)
    this.post({ type: 'leave' })
    this.link?.close()
    this.link = undefined
    this.wasWelcomed = false
  }

  private post(message: TabToHost): void {
    this.link?.post(message)
  }

  private lookAfterHost(): void {
    if (this.questions >= questionsAllowed) {
      this.link?.close()
      this.connect(0)
      return
    }
    this.questions += 1
    this.setPresence(this.presence)
  }

  /** Tries the ways to a host, from `first` on. */
  private connect(first: number): void {
    this.questions = 0
    let welcomed = false
    let link: Link | undefined
    const tryNext = () => {
      if (this.link !== link || welcomed || maker + 1 >= this.makers.length) return
      link?.close()
      this.connect(maker + 1)
    }
    const owner: LinkOwner = {
      receive: (message) => {
        if (this.link !== link) return
        this.questions = 0
        if (message.type === 'welcome') {
          welcomed = this.wasWelcomed = true
          clearTimeout(this.welcomeTimer)
        }
        this.onMessage(message)
      },
      onNewHost: () => {
        if (this.link === link) this.join()
      },
      onFailure: tryNext,
    }
    let maker = first
    while (!(link = this.makers[maker]!(owner))) maker += 1
    this.link = link
    clearTimeout(this.welcomeTimer)
    this.welcomeTimer = setTimeout(tryNext, welcomeTimeoutMs)
    this.join()
  }

  private join(): void {
    const { baseUrl, presence, attention, wasWelcomed } = this
    const position = wasWelcomed ? this.position() : this.saved
    // A host keeps no more than the newest, and a long list would be copied for nothing.
    const saved = position && shortened(position)
    const token = loadPublishToken()
    this.post({ type: 'join', baseUrl, presence, attention, saved, wasOpen: wasWelcomed, token })
  }
}

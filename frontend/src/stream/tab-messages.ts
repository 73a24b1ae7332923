// The messages between the tabs and the one that holds the stream for all of them. Both ends are built
// from the same source, so nothing here needs versions; plain data only, for it is structured-cloned.
import type { Notification } from '../api/notification'
import type { Attention, Signal } from '../feed/attention'
import type { FeedEvent, FeedView } from '../feed/feed-view'
import type { WakeReason } from './event-stream'
import type { ConnectionState } from './stream-events'

/** What a tab can do for the person just now. */
export interface Presence {
  visible: boolean
  /** Somebody looks at it: its window is the one that takes the keys. A page on a second screen is only visible. */
  focused: boolean
  /** It may play sounds: the browser has seen a click or a key in it. */
  audible: boolean
}

/** The newest part of the feed and the event it reaches up to: enough to resume after a reload. */
export interface SavedPosition {
  eventId: string
  view: FeedView
}

/** What was read: everything up to a notification, and some that are newer. */
export interface ReadState {
  through: string | undefined
  seen: readonly string[]
}

export type TabToHost =
  | {
      type: 'join'
      baseUrl: string
      presence: Presence
      attention: Attention
      saved?: SavedPosition
      /** The page was open all the while and only its host is new: what it missed is news, not history. */
      wasOpen: boolean
      /** The hub's publish token, as far as this browser knows it: a worker cannot look it up. */
      token?: string
    }
  | { type: 'token'; token: string }
  | { type: 'attention'; attention: Attention }
  /** Also a question whether the host is still there: it is answered by `pong`. */
  | { type: 'presence'; presence: Presence }
  | { type: 'wake'; reason: WakeReason }
  | { type: 'reconnect' }
  | { type: 'alerted'; alertId: number }
  /** A person has looked at these. */
  | { type: 'seen'; ids: string[] }
  /** A person has done with all up to this one. */
  | { type: 'seen-through'; id: string }
  | { type: 'leave' }

/** An order to exactly one tab: make the person look up. */
export interface Alert {
  alertId: number
  /** Absent when there is nothing to hear. */
  signal?: Exclude<Signal, 'off'>
  /** Of the gravest; the higher, the graver. */
  gravity: number
  /** It has rung before. */
  isReminder: boolean
  /** The gravest of what it is about, and how many there are in all. */
  about: Notification
  count: number
  newestId: string
  /** For notifications of the desktop, newest first. */
  desktop: Notification[]
}

export type HostToTab =
  | {
      type: 'welcome'
      state: ConnectionState
      /** Absent as long as nothing is known of the feed. */
      known?: { view: FeedView; eventId?: string }
      read: ReadState
      audible: boolean
    }
  | { type: 'pong' }
  | { type: 'feed'; event: FeedEvent }
  | { type: 'state'; state: ConnectionState }
  | { type: 'alert'; alert: Alert }
  | { type: 'read'; read: ReadState }
  /** Whether any tab may play sounds. */
  | { type: 'audible'; audible: boolean }

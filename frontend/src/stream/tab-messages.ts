// The messages between the tabs and the one that holds the stream for all of them. Both ends are built
// from the same source, so nothing here needs versions; plain data only, for it is structured-cloned.
import type { Notification } from '../api/notification'
import type { AlertSound } from '../feed/alert-sound'
import type { ConnectionState, FeedEvent } from './stream-events'

/** What a tab can do for the person just now. */
export interface Presence {
  visible: boolean
  /** It may play sounds: the browser has seen a click or a key in it. */
  audible: boolean
}

/** The newest part of the feed and the event it reaches up to: enough to resume after a reload. */
export interface SavedPosition {
  eventId: string
  notifications: Notification[]
}

export type TabToHost =
  | {
      type: 'join'
      baseUrl: string
      presence: Presence
      saved?: SavedPosition
      /** The hub's publish token, as far as this browser knows it: a worker cannot look it up. */
      token?: string
    }
  | { type: 'token'; token: string }
  | { type: 'presence'; presence: Presence }
  | { type: 'wake'; online: boolean }
  | { type: 'reconnect' }
  | { type: 'alerted'; alertId: number }
  | { type: 'leave' }

/** An order to exactly one tab: make the person look up. */
export interface Alert {
  alertId: number
  /** The burst it belongs to: what is shown of an earlier alert of the same burst is replaced. */
  burst: number
  /** Absent when the burst has already rung. */
  sound?: AlertSound
  newestId: string
  /** What of the burst came in while no tab was visible, newest first: for desktop notifications. */
  unseen: Notification[]
}

export type HostToTab =
  | {
      type: 'welcome'
      state: ConnectionState
      /** Absent as long as nothing is known of the feed. */
      known?: { notifications: Notification[]; complete: boolean; eventId?: string }
      unread: number
      audible: boolean
    }
  | { type: 'feed'; event: FeedEvent }
  | { type: 'state'; state: ConnectionState }
  | { type: 'alert'; alert: Alert }
  | { type: 'unread'; count: number }
  /** Whether any tab may play sounds. */
  | { type: 'audible'; audible: boolean }

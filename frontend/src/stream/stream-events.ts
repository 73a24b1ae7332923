// What the stream tells the rest of the page: what happened in the feed, and how the connection is.
// Plain data only, because all of it also crosses from the shared worker to the tabs.
import type { Notification } from '../api/notification'

/** How many of the newest notifications a snapshot asks for; older ones are loaded by scrolling. */
export const snapshotLimit = 100

export type FeedEvent =
  | {
      type: 'snapshot'
      /** The newest notifications, newest first. */
      notifications: Notification[]
      /** Nothing known before holds any more: the log is another one, or the gap is too wide. */
      reset: boolean
      /** What is new in it has just happened, as when polling; otherwise it is history. */
      live: boolean
      /** There is nothing older than this on the server. */
      complete: boolean
      eventId?: string
    }
  | { type: 'notification'; notification: Notification; live: boolean; eventId?: string }
  | { type: 'deleted'; id: string; eventId?: string }
  | { type: 'cleared'; eventId?: string }
  /** Every notification whose id is not greater was read, on some device. */
  | { type: 'read'; through: string; eventId?: string }

export type ConnectionKind = 'connecting' | 'live' | 'reconnecting' | 'polling' | 'offline'

export interface ConnectionState {
  kind: ConnectionKind
  /** When this kind of state began, in milliseconds since 1970. */
  sinceMs: number
  /** When the next try to connect is due; absent while one is under way. */
  retryAtMs?: number
  /** The server's version, once it has said so. */
  version?: string
}

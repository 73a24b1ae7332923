// What the stream tells the rest of the page about the connection. Plain data only, because all of it also
// crosses from the shared worker to the tabs. What happens in the feed itself is said in feed/feed-view.ts.

/** How many of the newest notifications a snapshot asks for; older ones are loaded by scrolling. */
export const snapshotLimit = 100

export type ConnectionKind =
  'connecting' | 'live' | 'reconnecting' | 'polling' | 'offline' | 'signed-out'

export interface ConnectionState {
  kind: ConnectionKind
  /** When this kind of state began, in milliseconds since 1970; a loss begins once, whatever it is called. */
  sinceMs: number
  /** When the next try to connect is due; absent while one is under way. */
  retryAtMs?: number
  /** The server's version, once it has said so. */
  version?: string
  /** How far the hub's clock is ahead of this device's. */
  skewMs?: number
  /** For how long the hub has heard nothing from its store, when that is longer than it should be. */
  staleMs?: number
}

// What the page showed last, kept in this browser for opening it while the hub is away. Only the newest part, and only
// for being looked at: nothing is resumed from it.
import { hubKey } from '../api/storage-key'
import { trimmed, type FeedView } from '../feed/feed-view'
import { parseStored } from '../feed/stored-view'
import { snapshotLimit } from '../stream/stream-events'

export interface LastSeen {
  /** When it was up to date, in milliseconds since 1970. */
  atMs: number
  view: FeedView
}

const storageKey = () => hubKey('last-seen')

export function saveLastSeen({ atMs, view }: LastSeen): void {
  try {
    localStorage.setItem(storageKey(), JSON.stringify({ atMs, view: trimmed(view, snapshotLimit) }))
  } catch {
    // Full or forbidden: then nothing is shown while the hub is away, and nothing that is long gone.
    forgetLastSeen()
  }
}

export function forgetLastSeen(): void {
  try {
    localStorage.removeItem(storageKey())
  } catch {
    // There is nothing.
  }
}

export function loadLastSeen(): LastSeen | undefined {
  try {
    const kept = parseStored(localStorage.getItem(storageKey()))
    const atMs = kept?.stored.atMs
    return kept && typeof atMs === 'number' ? { atMs, view: kept.view } : undefined
  } catch {
    return undefined
  }
}

// Remembers, for one tab and across a reload, the newest part of the feed and the event it reaches up to,
// so that the list is there at once and the stream resumes instead of starting afresh.
import { hubKey } from '../api/storage-key'
import { trimmed } from '../feed/feed-view'
import { parseStored } from '../feed/stored-view'
import { snapshotLimit } from './stream-events'
import type { SavedPosition } from './tab-messages'

const storageKey = () => hubKey('position')

/** No more than a new tab is told: the rest is asked for by scrolling. */
export function shortened(position: SavedPosition): SavedPosition {
  return { ...position, view: trimmed(position.view, snapshotLimit) }
}

export function savePosition(position: SavedPosition): void {
  try {
    // First of all nothing: should there be no room for the new, the old would be wrong.
    sessionStorage.removeItem(storageKey())
    sessionStorage.setItem(storageKey(), JSON.stringify(shortened(position)))
  } catch {
    // Full or forbidden storage, where even its name throws, only costs the head start.
  }
}

export function loadPosition(): SavedPosition | undefined {
  try {
    const kept = parseStored(sessionStorage.getItem(storageKey()))
    const eventId = kept?.stored.eventId
    return kept && typeof eventId === 'string' ? { eventId, view: kept.view } : undefined
  } catch {
    return undefined
  }
}

// Remembers, for one tab and across a reload, the newest part of the feed and the event it reaches up to,
// so that the list is there at once and the stream resumes instead of starting afresh.
import { parseNotificationArray } from '../api/parse'
import { snapshotLimit } from './stream-events'
import type { SavedPosition } from './tab-messages'

const storageKey = 'notifyhub.position'

export function savePosition(position: SavedPosition): void {
  const notifications = position.notifications.slice(0, snapshotLimit)
  try {
    // First of all nothing: should there be no room for the new, the old would be wrong.
    sessionStorage.removeItem(storageKey)
    sessionStorage.setItem(storageKey, JSON.stringify({ eventId: position.eventId, notifications }))
  } catch {
    // Full or forbidden storage, where even its name throws, only costs the head start.
  }
}

export function loadPosition(): SavedPosition | undefined {
  try {
    const saved = JSON.parse(sessionStorage.getItem(storageKey) ?? 'null')
    const notifications = parseNotificationArray(saved?.notifications)
    if (typeof saved?.eventId !== 'string' || !notifications) return undefined
    return { eventId: saved.eventId, notifications }
  } catch {
    return undefined
  }
}

// Remembers, for one tab and across a reload, the newest part of the feed and the event it reaches up to,
// so that the list is there at once and the stream resumes instead of starting afresh.
import { parseNotificationArray } from './parse'
import { snapshotLimit } from './stream-events'
import type { SavedPosition } from './tab-messages'

const storageKey = 'notifyhub.position'

export function savePosition(storage: Storage, position: SavedPosition): void {
  const notifications = position.notifications.slice(0, snapshotLimit)
  try {
    storage.setItem(storageKey, JSON.stringify({ eventId: position.eventId, notifications }))
  } catch {
    // Full or forbidden storage only costs the head start.
    storage.removeItem(storageKey)
  }
}

export function loadPosition(storage: Storage): SavedPosition | undefined {
  try {
    const saved = JSON.parse(storage.getItem(storageKey) ?? 'null')
    const notifications = parseNotificationArray(saved?.notifications)
    if (typeof saved?.eventId !== 'string' || !notifications) return undefined
    return { eventId: saved.eventId, notifications }
  } catch {
    return undefined
  }
}

// What the page showed last, kept in this browser for opening it while the hub is away. Only the newest part, and only
// for being looked at: nothing is resumed from it.
import { parseNotificationArray } from '../api/parse'
import { hubKey } from '../api/storage-key'
import { trimmed, unknownView, type FeedView } from '../feed/feed-view'
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
    const saved = JSON.parse(localStorage.getItem(storageKey()) ?? 'null')
    const list = parseNotificationArray(saved?.view?.list)
    const open = parseNotificationArray(saved?.view?.open)
    if (typeof saved?.atMs !== 'number' || !list || !open) return undefined
    const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
    const { floor, readThrough } = saved.view
    const known = { known: true, list, open, floor: text(floor), readThrough: text(readThrough) }
    return { atMs: saved.atMs, view: { ...unknownView, ...known } }
  } catch {
    return undefined
  }
}

// A view of the feed as this browser has kept it: whatever is not as it should be is as if nothing had been kept.
import { isObject, parseNotificationArray, parseObject } from '../api/parse'
import { unknownView, type FeedView } from './feed-view'

/** `text`: what was stored, a JSON object with a `view` in it; what else is in it is the caller's. */
export function parseStored(
  text: string | null,
): { stored: Record<string, unknown>; view: FeedView } | undefined {
  const stored = parseObject(text ?? '')
  if (!stored || !isObject(stored.view)) return undefined
  const { floor, readThrough } = stored.view
  const list = parseNotificationArray(stored.view.list)
  const open = parseNotificationArray(stored.view.open)
  if (!list || !open) return undefined
  const optional = (value: unknown) => (typeof value === 'string' ? value : undefined)
  const marks = { floor: optional(floor), readThrough: optional(readThrough) }
  return { stored, view: { ...unknownView, known: true, list, open, ...marks } }
}

// Turns what came over the wire into types that cannot be wrong, once, at the edge. Anything that is not
// what it should be is dropped here, so that one odd message never stops the feed.
import {
  formats,
  levels,
  states,
  type Format,
  type Level,
  type Notification,
  type Page,
  type State,
  type StoredAction,
} from './notification'

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function parseNotification(value: unknown): Notification | undefined {
  if (!isObject(value)) return undefined
  const { id, message, timestamp, title, level, tags, link } = value
  if (typeof id !== 'string' || typeof message !== 'string' || typeof timestamp !== 'string') {
    return undefined
  }
  const notification: Notification = { id, message, timestamp }
  if (typeof title === 'string') notification.title = title
  if (levels.includes(level as Level)) notification.level = level as Level
  if (Array.isArray(tags)) notification.tags = tags.filter((tag) => typeof tag === 'string')
  if (typeof link === 'string') notification.link = link
  if (states.includes(value.state as State)) notification.state = value.state as State
  if (formats.includes(value.format as Format)) notification.format = value.format as Format
  if (Array.isArray(value.actions)) notification.actions = value.actions.filter(isAction)
  for (const name of ['source', 'actor', 'key', 'since', 'resolved_at', 'snoozed_until'] as const) {
    const text = value[name]
    if (typeof text === 'string') notification[name] = text
  }
  return notification
}

export function parseNotificationArray(value: unknown): Notification[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value.flatMap((entry) => parseNotification(entry) ?? [])
}

/**
 * An answer to a question for at most `limit` of the newest. What comes besides these, as the older open ones of
 * `init` do, is in `open`.
 */
export function parsePage(
  value: unknown,
  limit: number,
): (Page & { open: Notification[] }) | undefined {
  if (!Array.isArray(value)) return undefined
  const notifications = parseNotificationArray(value.slice(0, limit))!
  const open = parseNotificationArray(value.slice(limit))!
  // Counted before anything was dropped: an entry that cannot be read is not the end of the list.
  const floor = value.length < limit ? undefined : notifications.at(-1)?.id
  return { notifications, open, floor }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isAction(value: unknown): value is StoredAction {
  return isObject(value) && typeof value.label === 'string' && typeof value.url === 'string'
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

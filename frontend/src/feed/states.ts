// Where the thing that a notification is about stands, as the page shows it; and when it was published.
import type { Notification } from '../api/notification'

/** From the gravest on. */
export const shownStates = ['waiting', 'failed', 'running', 'done', 'info'] as const
export type ShownState = (typeof shownStates)[number]

/** The state, or what the level says of a notification that has none. */
export function stateOf({ state, level }: Notification): ShownState {
  if (state) return state
  if (level === 'error') return 'failed'
  return level === 'success' ? 'done' : 'info'
}

/** Whether something is still to come: somebody waits, or something runs. */
export function isOpen({ state, resolved_at }: Notification): boolean {
  return (state === 'waiting' || state === 'running') && resolved_at === undefined
}

export function isSnoozed({ snoozed_until }: Notification, nowMs: number): boolean {
  return snoozed_until !== undefined && Date.parse(snoozed_until) > nowMs
}

/** It waits for a person now. */
export function isWaiting(notification: Notification, nowMs: number): boolean {
  return notification.state === 'waiting' && isOpen(notification) && !isSnoozed(notification, nowMs)
}

/** When the hub took it: a UUID of version 7 begins with the milliseconds since 1970. */
export function publishedMs({ id, timestamp }: Pick<Notification, 'id' | 'timestamp'>): number {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7/i.exec(id)
  return match ? Number.parseInt(match[1]! + match[2]!, 16) : Date.parse(timestamp)
}

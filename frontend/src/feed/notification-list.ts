// Lists of notifications, newest first, without doubles: how live items, snapshots and older pages are
// put together. Pure functions on arrays that are never changed in place; no network, no Vue.
import type { Notification } from '../api/notification'

export type NotificationList = readonly Notification[]

/**
 * Puts one notification where its id belongs: ids sort by the time of publishing. A known one is a revision and
 * takes the place of what was there. One that is older than everything here comes with the older pages.
 */
export function withNotification(
  list: NotificationList,
  notification: Notification,
): NotificationList {
  const index = list.findIndex(({ id }) => id <= notification.id)
  if (index < 0) return list.length === 0 ? [notification] : list
  const rest = list[index]!.id === notification.id ? index + 1 : index
  return [...list.slice(0, index), notification, ...list.slice(rest)]
}

/** Whether it is newer than everything here, and so has just been published. */
export function isNews(notification: Notification, list: NotificationList): boolean {
  return list.length === 0 || notification.id > list[0]!.id
}

/** Appends a page of older notifications. */
export function withOlder(list: NotificationList, older: NotificationList): NotificationList {
  const known = new Set(list.map((notification) => notification.id))
  const added = older.filter((notification) => !known.has(notification.id))
  return added.length === 0 ? list : [...list, ...added]
}

export function without(list: NotificationList, ids: readonly string[]): NotificationList {
  const unwanted = new Set(ids)
  const left = list.filter(({ id }) => !unwanted.has(id))
  return left.length === list.length ? list : left
}

export interface Snapshot {
  notifications: NotificationList
  reset: boolean
  complete: boolean
}

/**
 * Takes over the newest part of the feed as the server has it now. Older notifications that were loaded
 * before stay, but only when they surely join on without a gap.
 */
export function withSnapshot(list: NotificationList, snapshot: Snapshot): NotificationList {
  const { notifications, reset, complete } = snapshot
  if (reset || complete || notifications.length === 0) return notifications
  const fresh = new Set(notifications.map((notification) => notification.id))
  const lastShared = list.findLastIndex((notification) => fresh.has(notification.id))
  if (lastShared < 0) return notifications
  return [...notifications, ...list.slice(lastShared + 1)]
}

/** Those of `candidates` that `list` does not have, in their order. */
export function newIn(candidates: NotificationList, list: NotificationList): Notification[] {
  const known = new Set(list.map((notification) => notification.id))
  return candidates.filter((notification) => !known.has(notification.id))
}

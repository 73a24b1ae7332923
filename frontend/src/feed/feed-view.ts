// What is known of the feed, and how each event changes it: one pure function for the stream's host and for
// the page. No network, no clock, no Vue; views are never changed in place.
import type { Notification, Page } from '../api/notification'
import { isOpen } from './states'

export type NotificationList = readonly Notification[]

export interface FeedView {
  /** False until the first snapshot. */
  readonly known: boolean
  /** Every notification of the hub whose id is not smaller than `floor`, newest first. */
  readonly list: NotificationList
  /** Undefined: the list goes back to the very first. */
  readonly floor: string | undefined
  /** Those from below the floor that are open, newest first: somebody may have been waiting for hours. */
  readonly open: NotificationList
  /** Every notification whose id is not greater was read, on some device. */
  readonly readThrough: string | undefined
}

export const unknownView: FeedView = {
  known: false,
  list: [],
  floor: undefined,
  open: [],
  readThrough: undefined,
}

export type FeedEvent =
  | {
      type: 'snapshot'
      /** The newest notifications, newest first, down to `floor`. */
      notifications: NotificationList
      floor: string | undefined
      /** Every open one from below the floor. */
      open: NotificationList
      /** Nothing known before holds any more: the log is another one, or the gap is too wide. */
      reset: boolean
      eventId?: string
    }
  | {
      type: 'notification'
      notification: Notification
      /** It has just happened; otherwise it is replayed after a gap. */
      live: boolean
      eventId?: string
    }
  | { type: 'deleted'; id: string; eventId?: string }
  | { type: 'cleared'; eventId?: string }
  | { type: 'read'; through: string; eventId?: string }

export interface Change {
  view: FeedView
  /** What nobody here had seen before, newest first. A revision is no arrival. */
  arrived: Notification[]
}

/** The view after `event`, with at most `limit` notifications besides the open ones. */
export function applyEvent(view: FeedView, event: FeedEvent, limit = Infinity): Change {
  switch (event.type) {
    case 'snapshot':
      return withSnapshot(view, event, limit)
    case 'notification':
      return view.known ? withNotification(view, event.notification, limit) : { view, arrived: [] }
    case 'deleted':
      return { view: without(view, event.id), arrived: [] }
    case 'cleared':
      return { view: { ...view, known: true, list: [], floor: undefined, open: [] }, arrived: [] }
    case 'read': {
      const moved = view.readThrough === undefined || event.through > view.readThrough
      return { view: moved ? { ...view, readThrough: event.through } : view, arrived: [] }
    }
  }
}

function withOlder(view: FeedView, page: Page): FeedView {
  const list = [...view.list, ...page.notifications]
  const open = page.floor === undefined ? [] : view.open.filter(({ id }) => id < page.floor!)
  return { ...view, list, floor: page.floor, open }
}

function withSnapshot(
  view: FeedView,
  snapshot: Extract<FeedEvent, { type: 'snapshot' }>,
  limit: number,
): Change {
  const { floor } = snapshot
  const known = new Map([...view.list, ...view.open].map((one) => [one.id, one]))
  const notifications = snapshot.notifications.map((one) => sameAs(known.get(one.id), one))
  const open = snapshot.open.map((one) => sameAs(known.get(one.id), one))
  const newest = newestOf(view)
  const arrived = view.known ? notifications.filter(({ id }) => id > newest && !known.has(id)) : []
  const fresh: FeedView = {
    known: true,
    list: notifications,
    floor,
    open,
    readThrough: view.readThrough,
  }
  // Older pages that were loaded before stay, but only where they surely join on.
  const joinsOn = floor !== undefined && view.known && floor <= newest
  const reachesFurther = floor === undefined || (view.floor !== undefined && floor <= view.floor)
  if (snapshot.reset || !joinsOn || reachesFurther) return { view: fresh, arrived }
  const stillOpen = new Map(open.map((notification) => [notification.id, notification]))
  const older = view.list
    .filter((notification) => {
      const { id } = notification
      return id < floor && (!isOpen(notification) || stillOpen.has(id))
    })
    .map((notification) => stillOpen.get(notification.id) ?? notification)
  const oldFloor = view.floor
  const below = oldFloor === undefined ? [] : open.filter(({ id }) => id < oldFloor)
  const joined = { ...fresh, list: [...notifications, ...older], floor: oldFloor, open: below }
  return { view: trimmed(joined, limit), arrived }
}

/** What has not changed stays the same object, and so does what was worked out of it. */
function sameAs(known: Notification | undefined, told: Notification): Notification {
  return known && JSON.stringify(known) === JSON.stringify(told) ? known : told
}

function withNotification(view: FeedView, notification: Notification, limit: number): Change {
  const { id } = notification
  if (view.floor !== undefined && id < view.floor) {
    const open = isOpen(notification) ? placed(view.open, notification) : cut(view.open, id)
    return { view: open === view.open ? view : { ...view, open }, arrived: [] }
  }
  // Everything from the floor on is here, so what is not here is new.
  const isNew = !view.list.some((other) => other.id === id)
  const list = placed(view.list, notification)
  return { view: trimmed({ ...view, list }, limit), arrived: isNew ? [notification] : [] }
}

/** The notification where its id belongs: ids sort by the time of publishing. It replaces an older form of itself. */
function placed(list: NotificationList, notification: Notification): NotificationList {
  const index = list.findIndex(({ id }) => id <= notification.id)
  if (index < 0) return [...list, notification]
  const rest = list[index]!.id === notification.id ? index + 1 : index
  return [...list.slice(0, index), notification, ...list.slice(rest)]
}

function cut(list: NotificationList, id: string): NotificationList {
  const left = list.filter((notification) => notification.id !== id)
  return left.length === list.length ? list : left
}

function without(view: FeedView, id: string): FeedView {
  const list = cut(view.list, id)
  const open = cut(view.open, id)
  return list === view.list && open === view.open ? view : { ...view, list, open }
}

/** At most `limit` in the list; what is open among the others is kept beside it. */
export function trimmed(view: FeedView, limit: number): FeedView {
  if (view.list.length <= limit) return view
  const list = view.list.slice(0, limit)
  const open = [...view.list.slice(limit).filter(isOpen), ...view.open]
  return { ...view, list, floor: list.at(-1)?.id ?? view.list[0]!.id, open }
}

function newestOf(view: FeedView): string {
  return view.list[0]?.id ?? view.floor ?? ''
}

/** All that is open, newest first. */
export function allOpen(view: FeedView): Notification[] {
  return [...view.list.filter(isOpen), ...view.open]
}

/**
 * The answer to a question for what is older than `before`. It took its time: what happened since it was asked for
 * counts more than what it says.
 */
export function withLateAnswer(
  view: FeedView,
  before: string,
  page: Page,
  meanwhile: readonly FeedEvent[],
  limit: number,
): FeedView {
  // Another end, or another beginning: what was asked for does not join on.
  if (view.floor !== before || meanwhile.some(({ type }) => type === 'snapshot')) return view
  return meanwhile.reduce(
    (before, event) => applyEvent(before, event, limit).view,
    withOlder(view, page),
  )
}

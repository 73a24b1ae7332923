// History and live items as one list, newest first and without doubles: the whole feed, or what a filter
// leaves of it. Takes the connection and the API as given and knows neither EventSource nor fetch.
import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { Notification } from '../api/notification'
import type { NotificationApi } from '../api/notification-api'
import { inBatches } from '../feed/batches'
import { isFiltering, matchesFilter, type FeedFilter } from '../feed/feed-filter'
import {
  newIn,
  without,
  withNotification,
  withOlder,
  withSnapshot,
  type NotificationList,
} from '../feed/notification-list'
import type { FeedConnection } from '../stream/feed-connection'
import type { ConnectionState, FeedEvent } from '../stream/stream-events'
import type { Alert, HostToTab, SavedPosition } from '../stream/tab-messages'

export const pageSize = 100
/** A page that is open for weeks must not remember everything it has ever seen. */
export const maxRemembered = 10_000

/** In a rush the screen is drawn this often; a single notification is shown at once. */
const batchGapMs = 50

export interface FeedOptions {
  connection: FeedConnection
  api: Pick<NotificationApi, 'list'>
  filter: Ref<FeedFilter>
  /** What an earlier load of this page had, to be shown until the connection knows better. */
  saved?: SavedPosition
  onAlert(alert: Alert): void
  /** New items, newest first, that belong to the list now shown. */
  onArrival(notifications: Notification[]): void
}

export function useFeed(options: FeedOptions) {
  const { connection, api, filter } = options

  const connectionState = shallowRef<ConnectionState>({ kind: 'connecting', sinceMs: Date.now() })
  const unread = ref(0)
  const audibleSomewhere = ref(false)

  const everything = shallowRef<NotificationList>(options.saved?.notifications ?? [])
  const everythingKnown = ref(options.saved !== undefined)
  const everythingComplete = ref(false)
  let eventId = options.saved?.eventId

  const found = shallowRef<NotificationList>([])
  const foundKnown = ref(false)
  const foundComplete = ref(false)

  const loadingOlder = ref(false)
  const failure = ref<string>()
  let search: AbortController | undefined
  let olderRequest: AbortController | undefined

  const filtering = computed(() => isFiltering(filter.value))
  const list = computed(() => (filtering.value ? found.value : everything.value))
  const isKnown = computed(() => (filtering.value ? foundKnown.value : everythingKnown.value))
  const isComplete = computed(() =>
    filtering.value ? foundComplete.value : everythingComplete.value,
  )

  const events = inBatches(batchGapMs, takeAll)
  connection.onMessage = (message: HostToTab) => {
    switch (message.type) {
      case 'welcome':
        connectionState.value = message.state
        unread.value = message.unread
        audibleSomewhere.value = message.audible
        if (message.known) {
          // No reset: a page out of the back/forward cache may have older pages loaded, and be scrolled.
          events.add({ type: 'snapshot', reset: false, live: false, ...message.known })
        }
        break
      case 'state':
        connectionState.value = message.state
        break
      case 'unread':
        unread.value = message.count
        break
      case 'audible':
        audibleSomewhere.value = message.audible
        break
      case 'alert':
        options.onAlert(message.alert)
        break
      case 'feed':
        events.add(message.event)
        break
    }
  }

  /** Takes what happened, in order, and says what of it belongs to the list now shown. */
  function takeAll(happened: FeedEvent[]): void {
    const arrived = happened.flatMap(take).reverse()
    if (arrived.length > 0) options.onArrival(arrived)
  }

  /** What is new by this event, oldest first. */
  function take(event: FeedEvent): Notification[] {
    if (event.eventId) eventId = event.eventId
    switch (event.type) {
      case 'snapshot':
        return takeSnapshot(event)
      case 'notification': {
        const before = list.value.length
        takeNotification(event.notification)
        return list.value.length > before ? [event.notification] : []
      }
      case 'deleted':
        everything.value = without(everything.value, [event.id])
        found.value = without(found.value, [event.id])
        return []
      case 'cleared':
        everything.value = []
        found.value = []
        everythingComplete.value = foundComplete.value = true
        return []
      case 'read':
        return []
    }
  }

  function takeSnapshot(snapshot: Extract<FeedEvent, { type: 'snapshot' }>): Notification[] {
    const before = everything.value
    const wasKnown = everythingKnown.value
    everything.value = withSnapshot(before, snapshot)
    everythingKnown.value = true
    // Older pages that stayed have an end of their own.
    const keptOlder = everything.value.length > snapshot.notifications.length
    if (!keptOlder) everythingComplete.value = snapshot.complete
    if (filtering.value) {
      void searchAgain()
      return []
    }
    return wasKnown ? newIn(snapshot.notifications, before).reverse() : []
  }

  function takeNotification(notification: Notification): void {
    everything.value = withNotification(everything.value, notification)
    if (everything.value.length > maxRemembered) {
      everything.value = everything.value.slice(0, maxRemembered)
      everythingComplete.value = false
    }
    if (!filtering.value || !foundKnown.value) return
    found.value = matchesFilter(notification, filter.value)
      ? withNotification(found.value, notification)
      : without(found.value, [notification.id])
  }

  /** Asks the server for what the filter leaves; the old answer stays until the new one is there. */
  async function searchAgain(): Promise<void> {
    search?.abort()
    olderRequest?.abort()
    const request = (search = new AbortController())
    failure.value = undefined
    try {
      const answer = await api.list({ ...filter.value, limit: pageSize }, request.signal)
      if (search !== request) return
      found.value = answer
      foundKnown.value = true
      foundComplete.value = answer.length < pageSize
    } catch (error) {
      if (search === request && !request.signal.aborted) failure.value = reasonOf(error)
    }
  }

  /** Called as one scrolls towards the end, and by the button after a failure. */
  async function loadOlder(): Promise<void> {
    if (loadingOlder.value) return
    if (filtering.value && !foundKnown.value) return searchAgain()
    const target = filtering.value ? found : everything
    const complete = filtering.value ? foundComplete : everythingComplete
    if (target.value.length === 0 || complete.value) return
    loadingOlder.value = true
    failure.value = undefined
    const request = (olderRequest = new AbortController())
    try {
      // The last one may be gone meanwhile: the server goes on where it was.
      const before = target.value.at(-1)!.id
      const older = await api.list({ ...filter.value, limit: pageSize, before }, request.signal)
      if (request.signal.aborted) return
      target.value = withOlder(target.value, older)
      complete.value = older.length < pageSize
    } catch (error) {
      if (!request.signal.aborted) failure.value = reasonOf(error)
    } finally {
      loadingOlder.value = false
    }
  }

  watch(
    filter,
    () => {
      search?.abort()
      olderRequest?.abort()
      search = undefined
      failure.value = undefined
      foundKnown.value = false
      found.value = []
      if (filtering.value) void searchAgain()
    },
    { immediate: true, deep: true },
  )

  connection.open(options.saved)
  onScopeDispose(() => {
    events.stop()
    connection.close()
  })

  /** What a reload needs in order to go on where this page is now. */
  function position(): SavedPosition | undefined {
    return eventId ? { eventId, notifications: [...everything.value] } : undefined
  }

  return {
    connectionState,
    unread,
    audibleSomewhere,
    list,
    isKnown,
    isComplete,
    filtering,
    loadingOlder,
    failure,
    loadOlder,
    position,
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

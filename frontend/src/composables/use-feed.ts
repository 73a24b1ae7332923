// The feed as the page has it: the whole of it, and what a search leaves. Routes what the connection says to both
// lists. Takes the connection and the API as given and knows neither EventSource nor fetch.
import { computed, onScopeDispose, reactive, ref, shallowRef, watch, type Ref } from 'vue'
import type { Notification, Page } from '../api/notification'
import type { NotificationApi } from '../api/notification-api'
import { inBatches } from '../feed/batches'
import {
  isSearching,
  listParameters,
  matchesQuery,
  parseQuery,
  type FeedFilter,
} from '../feed/feed-filter'
import type { FeedEvent, FeedView } from '../feed/feed-view'
import type { LastSeen } from '../offline/last-seen'
import type { FeedConnection } from '../stream/feed-connection'
import type { ConnectionState } from '../stream/stream-events'
import type { Alert, HostToTab, ReadState, SavedPosition } from '../stream/tab-messages'
import { usePagedList } from './paged-list'

export const pageSize = 100

/** A hub that has said nothing for so long is as good as away. */
const lastSeenAfterMs = 2_500

/** In a rush the screen is drawn this often; a single notification is shown at once. */
const batchGapMs = 50

export interface FeedOptions {
  connection: FeedConnection
  api: Pick<NotificationApi, 'list'>
  filter: Ref<FeedFilter>
  /** What an earlier load of this page had, to be shown until the connection knows better. */
  saved?: SavedPosition
  /** Asks the hub itself, to have something to show while the host of the stream is still starting. */
  firstLook?: () => Promise<FirstLook>
  /** What the page showed last, to be looked at while the hub cannot be reached. */
  lastSeen?: () => LastSeen | undefined
  onAlert: (alert: Alert) => void
  /** New items, newest first, whether the search leaves them or not. */
  onArrival: (notifications: Notification[]) => void
}

export interface FirstLook {
  page: Page
  readThrough: string | undefined
}

export function useFeed(options: FeedOptions) {
  const { connection, api, filter } = options

  const connectionState = shallowRef<ConnectionState>({ kind: 'connecting', sinceMs: Date.now() })
  const read = shallowRef<ReadState>({ through: options.saved?.view.readThrough, seen: [] })
  const audibleSomewhere = ref(false)
  /** How many came that the search does not show. */
  const outside = ref(0)
  let eventId = options.saved?.eventId
  /** When what is shown was up to date, until the hub has been reached once. */
  const lastSeenMs = ref<number>()
  let isReached = false
  /** What is shown is what was seen last, and nothing of it is known to hold. */
  let isLastSeen = false

  const query = computed(() => parseQuery(filter.value.text))
  const searching = computed(() => isSearching(filter.value))
  /** Whether somebody reads further down. */
  const isReadingOn = ref(false)
  const everything = usePagedList({
    load: (before, signal) => api.list({ limit: pageSize, before }, signal),
    accepts: () => true,
    isReadingOn: () => isReadingOn.value,
  })
  const found = usePagedList({
    load: (before, signal) =>
      api.list({ ...listParameters(query.value), limit: pageSize, before }, signal),
    accepts: (notification) => matchesQuery(notification, query.value),
    isReadingOn: () => isReadingOn.value,
  })
  if (options.saved) everything.view.value = options.saved.view

  const events = inBatches(batchGapMs, takeAll)
  connection.position = position
  connection.onMessage = (message: HostToTab) => {
    switch (message.type) {
      case 'welcome':
        takeState(message.state)
        // A host that has only just begun knows less than the first look.
        if (message.known) read.value = message.read
        audibleSomewhere.value = message.audible
        if (message.known) events.add(asSnapshot(message.known))
        break
      case 'state':
        takeState(message.state)
        break
      case 'read':
        read.value = message.read
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
      case 'pong':
        break
    }
  }

  /** What the host knows. Older pages of this tab stay only if nothing has happened that it has not heard. */
  function asSnapshot(known: { view: FeedView; eventId?: string }): FeedEvent {
    const { list, floor, open } = known.view
    const reset = known.eventId !== eventId
    return {
      type: 'snapshot',
      notifications: list,
      floor,
      open,
      reset,
      eventId: known.eventId,
    }
  }

  function takeState(state: ConnectionState): void {
    if (state.kind === 'live' || state.kind === 'polling') {
      isReached = true
      lastSeenMs.value = undefined
    } else if (state.kind === 'reconnecting' || state.kind === 'offline') {
      showLastSeen()
    }
    const isBack = state.kind === 'live' && connectionState.value.kind !== 'live'
    connectionState.value = state
    if (isBack) for (const list of [everything, found]) list.retry()
  }

  function showLastSeen(): void {
    const seen =
      isReached || connectionState.value.kind === 'signed-out' ? undefined : options.lastSeen?.()
    if (!seen) return
    lastSeenMs.value = seen.atMs
    if (everything.view.value.known) return
    everything.view.value = seen.view
    isLastSeen = true
  }

  /** Takes what happened, in order, and says what of it is new. */
  function takeAll(happened: FeedEvent[]): void {
    const arrived = happened.flatMap(take).reverse()
    if (arrived.length > 0) options.onArrival(arrived)
  }

  /** What is new by this event, oldest first. */
  function take(event: FeedEvent): Notification[] {
    if (event.eventId) eventId = event.eventId
    const isAnew = isLastSeen && event.type === 'snapshot'
    if (isAnew) isLastSeen = false
    const arrived = everything.take(isAnew ? { ...event, reset: true } : event)
    if (searching.value) {
      // A snapshot says nothing about what a search would find.
      if (event.type === 'snapshot') void found.refresh()
      else found.take(event)
      const matches = (one: Notification) => matchesQuery(one, query.value)
      outside.value += arrived.filter((one) => !matches(one)).length
    }
    return arrived.reverse()
  }

  watch(
    () => filter.value.text.trim(),
    () => {
      found.forget()
      outside.value = 0
      if (searching.value) void found.refresh()
    },
    { immediate: true },
  )
  connection.open(options.saved)
  if (!options.saved && options.firstLook) void options.firstLook().then(takeFirstLook, () => {})
  const lastSeenTimer = setTimeout(showLastSeen, lastSeenAfterMs)
  onScopeDispose(() => {
    clearTimeout(lastSeenTimer)
    events.stop()
    found.forget()
    connection.close()
  })

  /** Good for as long as the host has said nothing. */
  function takeFirstLook({ page, readThrough }: FirstLook): void {
    if (everything.view.value.known && lastSeenMs.value === undefined) return
    // Where there is no mark, nobody could have read what was there before there was a page.
    read.value = { through: readThrough ?? page.notifications[0]?.id, seen: [] }
    events.add({ type: 'snapshot', ...page, open: [], reset: false })
  }

  /** What a reload needs in order to go on where this page is now. */
  function position(): SavedPosition | undefined {
    return eventId && everything.view.value.known
      ? { eventId, view: everything.view.value }
      : undefined
  }

  const shown = computed(() => (searching.value ? found : everything))
  return reactive({
    connectionState,
    read,
    audibleSomewhere,
    lastSeenMs,
    query,
    searching,
    outside,
    isReadingOn,
    /** Also while a search shows only a part of it. */
    everything: everything.view,
    /** What is to be shown: while the hub does not answer a search, what is here of it. */
    view: computed(() => {
      const { view, failure } = shown.value
      if (!searching.value || view.value.known || !failure.value) return view.value
      const matches = (one: Notification) => matchesQuery(one, query.value)
      const { list, ...rest } = everything.view.value
      return { ...rest, list: list.filter(matches), open: [], floor: undefined }
    }),
    isComplete: computed(() => shown.value.isComplete.value),
    isLoading: computed(() => shown.value.isLoading.value),
    failure: computed(() => shown.value.failure.value),
    loadOlder: () => shown.value.loadOlder(),
    retry: () => shown.value.retry(),
    position,
  })
}

// A list that is loaded page by page and follows what happens meanwhile: the whole feed, or what a search leaves of it.
// Takes the way to ask as given and knows neither the stream nor fetch.
import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Notification, Page } from '../api/notification'
import {
  applyEvent,
  unknownView,
  withLateAnswer,
  type FeedEvent,
  type FeedView,
} from '../feed/feed-view'

/** A page that is open for weeks must not remember everything it has ever seen. */
export const maxRemembered = 10_000
/** While nobody reads further down, the rest can be asked for again. */
export const rememberedAtTop = 1_000

export interface PagedListOptions {
  /** `before`: only what is older than the one with this id is or was. */
  load: (before: string | undefined, signal: AbortSignal) => Promise<Page>
  /** What belongs to the list. */
  accepts: (notification: Notification) => boolean
  /** Somebody reads further down: what was loaded must not be taken away. */
  isReadingOn: () => boolean
}

export interface PagedList {
  view: ShallowRef<FeedView>
  isComplete: ComputedRef<boolean>
  isLoading: Ref<boolean>
  failure: ShallowRef<Error | undefined>
  /** Takes over what happened; what of it is new, newest first. */
  take: (event: FeedEvent) => Notification[]
  /** Asks for the newest; what is shown stays until the answer is there. */
  refresh: () => Promise<void>
  loadOlder: () => Promise<void>
  /** Once more what has failed. */
  retry: () => void
  forget: () => void
}

export function usePagedList({ load, accepts, isReadingOn }: PagedListOptions): PagedList {
  const view = shallowRef<FeedView>(unknownView)
  const isLoading = ref(false)
  const failure = shallowRef<Error>()
  let request: AbortController | undefined
  /** What has happened since the question that is under way. */
  let meanwhile: FeedEvent[] = []
  let askedFor: 'newest' | 'older' = 'newest'

  /** The event as this list sees it: what does not belong here is as good as deleted. */
  function own(event: FeedEvent): FeedEvent {
    if (event.type !== 'notification' || accepts(event.notification)) return event
    return { type: 'deleted', id: event.notification.id }
  }

  function take(event: FeedEvent): Notification[] {
    const mine = own(event)
    if (request) meanwhile.push(mine)
    const limit = isReadingOn() || request ? maxRemembered : rememberedAtTop
    const change = applyEvent(view.value, mine, limit)
    view.value = change.view
    return change.arrived
  }

  async function ask(what: 'newest' | 'older', before: string | undefined): Promise<void> {
    request?.abort()
    const mine = (request = new AbortController())
    askedFor = what
    meanwhile = []
    isLoading.value = true
    failure.value = undefined
    try {
      const page = await load(before, mine.signal)
      if (request !== mine) return
      if (before !== undefined) {
        view.value = withLateAnswer(view.value, before, page, meanwhile, maxRemembered)
      } else {
        const answer: FeedEvent = { type: 'snapshot', ...page, open: [], reset: true }
        view.value = [answer, ...meanwhile].reduce(
          (known, event) => applyEvent(known, event, maxRemembered).view,
          view.value,
        )
      }
    } catch (error) {
      if (request !== mine) return
      failure.value = error instanceof Error ? error : new Error(String(error))
    }
    request = undefined
    isLoading.value = false
  }

  async function loadOlder(): Promise<void> {
    const { known, floor } = view.value
    if (isLoading.value || !known || floor === undefined) return
    await ask('older', floor)
  }

  return {
    view,
    isComplete: computed(() => view.value.known && view.value.floor === undefined),
    isLoading,
    failure,
    take,
    refresh: () => ask('newest', undefined),
    loadOlder,
    retry() {
      if (!failure.value) return
      if (askedFor === 'newest') void ask('newest', undefined)
      else void loadOlder()
    },
    forget() {
      request?.abort()
      request = undefined
      isLoading.value = false
      failure.value = undefined
      view.value = unknownView
    },
  }
}

// The desk as it is to be shown now: of the whole feed for the rail, and of what filter and view leave of it.
import { computed, type Ref } from 'vue'
import { isFailing, makeDesk, type Desk, type Row } from '../feed/desk'
import type { DeskView, FeedFilter } from '../feed/feed-filter'
import { allOpen, type FeedView } from '../feed/feed-view'
import { isSnoozed, publishedMs } from '../feed/states'
import type { useFeed } from './use-feed'
import { useHubNow, useHubSkew } from './use-now'
import { useTexts } from './use-texts'

/** What each of the narrower views shows in its rows. */
const belongsTo: Record<Exclude<DeskView, 'desk'>, (row: Row) => boolean> = {
  // Those that were put off; the others stand in the lane.
  waiting: ({ card }) => card.state === 'waiting' && !card.isResolved,
  failed: isFailing,
  done: ({ card }) => card.state === 'done' || card.isResolved,
}

export interface DeskOptions {
  feed: ReturnType<typeof useFeed>
  filter: Ref<FeedFilter>
  /** Deleted here, and not yet on the hub. */
  hidden: Ref<ReadonlySet<string>>
  isUnread: Ref<(id: string) => boolean>
  lineId: Ref<string | undefined>
}

export function useDesk({ feed, filter, hidden, isUnread, lineId }: DeskOptions) {
  const { texts } = useTexts()
  useHubSkew(() => feed.connectionState.skewMs)
  const nowMs = useHubNow()

  function visible(view: FeedView): FeedView {
    if (hidden.value.size === 0) return view
    const isThere = ({ id }: { id: string }) => !hidden.value.has(id)
    return { ...view, list: view.list.filter(isThere), open: view.open.filter(isThere) }
  }

  /** The desk changes with time only when something comes back that was put off: not with each tick of the clock. */
  const putOff = computed(
    () => allOpen(feed.everything).filter((one) => isSnoozed(one, nowMs.value)).length,
  )
  function deskOf(view: FeedView): Desk {
    const hubNowMs = Date.now() + (feed.connectionState.skewMs ?? 0)
    return makeDesk(visible(view), putOff.value >= 0 ? hubNowMs : 0, isUnread.value)
  }
  const whole = computed(() => deskOf(feed.everything))
  const found = computed(() => (feed.searching ? deskOf(feed.view) : whole.value))
  const desk = computed<Desk>(() => {
    const all = found.value
    const { view } = filter.value
    if (view === 'desk') return all
    const rows = all.rows.filter(belongsTo[view])
    return { ...all, running: [], needs: view === 'waiting' ? all.needs : [], rows }
  })

  const shownCount = computed(() =>
    desk.value.rows.reduce((sum, { earlier }) => sum + 1 + earlier.length, 0),
  )
  const hits = computed(() =>
    feed.searching && feed.view.known
      ? texts.value.filter.hits(shownCount.value + desk.value.needs.length, !feed.isComplete)
      : undefined,
  )

  const line = computed(() => {
    const id = lineId.value
    return id === undefined ? undefined : { id, timeMs: publishedMs({ id, timestamp: '' }) }
  })

  return { desk, whole, line, shownCount, hits }
}

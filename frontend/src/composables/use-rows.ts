// The rows of the desk as one scrolls them: under their days, with the line between what is new and what was seen. Only
// what is near the screen is in the document, and what one reads stays in place when something comes in above.
import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/vue-virtual'
import { computed, ref, watch, type Ref } from 'vue'
import type { Row } from '../feed/desk'
import { clockAndDay, dayKey, dayName, dayTimes } from '../feed/time-texts'
import { useTexts } from './use-texts'

/** Scrolled further than this, one reads what is older. */
const thresholdPx = 80
/** Heights at the usual size of text. */
const heading = 33
const lineHeight = 26
const edgePx = 1
/** How many rows above and below the screen are in the document, so that scrolling finds them there. */
const rowsBeyond = 8

export type Entry =
  | { kind: 'day'; id: string; text: string }
  | { kind: 'line'; id: string; text: string }
  | { kind: 'row'; id: string; row: Row; dayMs: number; isFirst: boolean; isLast: boolean }

export interface RowsOptions {
  rows: Ref<readonly Row[]>
  scroller: Readonly<Ref<HTMLElement | null>>
  /** What stands above the rows and scrolls with them. */
  above: Readonly<Ref<HTMLElement | null>>
  /** The newest that was seen when one began to look. */
  line: Ref<{ id: string; timeMs: number } | undefined>
  nowMs: Ref<number>
  /** The height of a row without its edge, at the usual size of text. */
  rowHeight: Ref<number>
  /** The row that has the focus: it stays in the document wherever one scrolls. */
  currentId: Ref<string | undefined>
}

export function useRows(options: RowsOptions) {
  const { rows, scroller, above, line, nowMs, rowHeight, currentId } = options
  const { texts, locale } = useTexts()
  // Everything grows with the size of text that the browser is set to.
  const scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16
  const headingPx = heading * scale
  const rowPx = computed(() => rowHeight.value * scale + edgePx)

  // By the day, not by the tick of the clock.
  const today = computed(() => dayKey(nowMs.value))
  const entries = computed<Entry[]>(() => {
    const now = today.value ? Date.now() : 0
    const days = dayTimes(
      rows.value.map(({ card }) => card.timeMs),
      now,
    )
    const result: Entry[] = []
    let day = ''
    let aboveLine = line.value !== undefined && (rows.value[0]?.card.id ?? '') > line.value.id
    let last: Extract<Entry, { kind: 'row' }> | undefined
    rows.value.forEach((row, index) => {
      const dayMs = days[index]!
      const { id } = row.card
      const seen = line.value
      const beginsDay = dayKey(dayMs) !== day
      const endsNew = aboveLine && seen !== undefined && id <= seen.id
      if ((beginsDay || endsNew) && last) last.isLast = true
      if (endsNew) {
        aboveLine = false
        const text = texts.value.feed.seenUntil(clockAndDay(seen.timeMs, now, locale.value))
        result.push({ kind: 'line', id: 'line', text })
      }
      if (beginsDay) {
        day = dayKey(dayMs)
        const text = dayName(dayMs, now, locale.value, texts.value.feed)
        result.push({ kind: 'day', id: `day ${day}`, text })
      }
      last = { kind: 'row', id, row, dayMs, isFirst: beginsDay || endsNew, isLast: false }
      result.push(last)
    })
    if (last) last.isLast = true
    return result
  })
  const indexOf = computed(() => new Map(entries.value.map(({ id }, index) => [id, index])))
  const dayIndexes = computed(() =>
    entries.value.flatMap(({ kind }, index) => (kind === 'day' ? [index] : [])),
  )

  const margin = ref(0)
  const isScrolledDown = ref(false)
  const activeDay = ref(0)
  /** Until then only what can be seen is drawn: so it is there sooner. */
  const isDrawn = ref(false)

  const virtualizer = useVirtualizer(
    computed(() => {
      const list = entries.value
      // Both what was last heard of scrolling and what is so now: right after a jump to the top, keeping in
      // place what was read before would undo the jump.
      const readsFurtherDown =
        isScrolledDown.value && (scroller.value?.scrollTop ?? 0) > thresholdPx
      return {
        count: list.length,
        getScrollElement: () => scroller.value,
        // Until the list is in the document and can be measured: so it is drawn once, not twice.
        initialRect: { width: 0, height: window.innerHeight },
        estimateSize: (index: number) => {
          const kind = list[index]?.kind
          return kind === 'row' ? rowPx.value : kind === 'day' ? headingPx : lineHeight * scale
        },
        getItemKey: (index: number) => list[index]?.id ?? index,
        overscan: isDrawn.value ? rowsBeyond : 0,
        scrollMargin: margin.value,
        scrollPaddingStart: headingPx,
        scrollPaddingEnd: 16,
        // At the top, new items push the others down; further down, what one reads stays in place.
        anchorTo: readsFurtherDown ? ('end' as const) : ('start' as const),
        scrollEndThreshold: 0,
        rangeExtractor: extract,
      }
    }),
  )

  /** Besides what is near the screen: the heading of the day one is in, and what has the focus. */
  function extract(range: Range): number[] {
    const day = dayIndexes.value.findLast((index) => index <= range.startIndex)
    activeDay.value = day ?? 0
    const focused = currentId.value === undefined ? undefined : indexOf.value.get(currentId.value)
    const wanted = new Set(defaultRangeExtractor(range))
    if (day !== undefined) wanted.add(day)
    if (focused !== undefined) wanted.add(focused)
    return [...wanted].sort((one, other) => one - other)
  }

  const shown = computed(() =>
    virtualizer.value.getVirtualItems().flatMap(({ key, index, start, size }) => {
      const entry = entries.value[index]
      return entry ? [{ key: String(key), index, start, size, entry }] : []
    }),
  )
  /** The rows that are wholly on the screen. */
  const onScreen = computed(() => {
    const height = virtualizer.value.scrollRect?.height ?? 0
    const from = virtualizer.value.scrollOffset ?? 0
    return shown.value.flatMap(({ entry, start, size }) =>
      entry.kind === 'row' &&
      start >= from - 1 &&
      start + Math.min(size, height) <= from + height + 1
        ? [entry.row]
        : [],
    )
  })

  watch(
    [scroller, above],
    ([box, head], _before, onCleanup) => {
      if (!box || !head) return
      requestAnimationFrame(() => setTimeout(() => (isDrawn.value = true)))
      const follow = () => (isScrolledDown.value = box.scrollTop > margin.value + thresholdPx)
      let height = head.offsetHeight
      const observer = new ResizeObserver(() => {
        const grown = head.offsetHeight - height
        height = head.offsetHeight
        margin.value = height
        // What came in above must not move what one reads.
        if (grown !== 0 && box.scrollTop > height) box.scrollTop += grown
      })
      observer.observe(head)
      margin.value = height
      box.addEventListener('scroll', follow, { passive: true })
      onCleanup(() => {
        observer.disconnect()
        box.removeEventListener('scroll', follow)
      })
    },
    { flush: 'post', immediate: true },
  )

  watch(rowPx, () => virtualizer.value.measure())

  return { entries, indexOf, virtualizer, shown, onScreen, margin, isScrolledDown, activeDay }
}

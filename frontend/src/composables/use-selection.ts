// Which notification is chosen, which one is open, and where the focus goes.
import { computed, nextTick, ref, type Ref } from 'vue'
import { isFailing, type Desk } from '../feed/desk'

/** What shows the rows. */
export interface RowList {
  focusRow: (id: string) => Promise<void>
  scrollToTop: () => void
}

export interface SelectionOptions {
  desk: Ref<Desk>
  /** The list of the rows, as far as it is there. */
  list: Readonly<Ref<RowList | null>>
  markSeen: (ids: readonly string[]) => void
}

export function useSelection({ desk, list, markSeen }: SelectionOptions) {
  const selectedId = ref<string>()
  /** The row that shows its details below it; in a wide window the pane shows those of the chosen one. */
  const openRowId = ref<string>()
  const openNeedId = ref<string>()

  const isNeed = (id: string | undefined) => desk.value.needs.some((card) => card.id === id)
  /** One of the lane is always open: the one that was opened, or the longest waiting. */
  const shownNeedId = computed(() =>
    isNeed(openNeedId.value) ? openNeedId.value : desk.value.needs[0]?.id,
  )
  /** What the pane shows: the chosen row, or what is most worth reading. */
  const shownRow = computed(() => {
    const { rows } = desk.value
    return rows.find(({ card }) => card.id === selectedId.value) ?? rows.find(isFailing) ?? rows[0]
  })

  function choose(id: string): void {
    markSeen([id])
    if (isNeed(id)) openNeedId.value = id
    else selectedId.value = id
  }

  function toggle(id: string): void {
    choose(id)
    if (!isNeed(id)) openRowId.value = openRowId.value === id ? undefined : id
  }

  /** Opens it wherever it is, and goes there. */
  function reveal(id: string): void {
    choose(id)
    if (!isNeed(id)) openRowId.value = id
    focus(id)
  }

  function focus(id: string): void {
    selectedId.value = id
    if (!isNeed(id)) {
      void list.value?.focusRow(id)
      return
    }
    openNeedId.value = id
    list.value?.scrollToTop()
    void nextTick(() =>
      document.querySelector<HTMLElement>(`.need[data-id="${CSS.escape(id)}"] .row-open`)?.focus(),
    )
  }

  return { selectedId, openRowId, shownNeedId, shownRow, toggle, reveal, focus }
}

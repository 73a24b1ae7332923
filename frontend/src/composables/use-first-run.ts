// Whether the hub is still empty, and whether its very first notification has just come.
import { computed, ref, watch, type Ref } from 'vue'
import type { FeedView } from '../feed/feed-view'

export function useFirstRun(view: Ref<FeedView>) {
  const isEmpty = computed(() => {
    const { known, list, open, floor } = view.value
    return known && list.length === 0 && open.length === 0 && floor === undefined
  })
  const isFirst = ref(false)
  // Once: somebody who tidies up later needs no lesson.
  const stop = watch(isEmpty, (empty, wasEmpty) => {
    if (empty || !wasEmpty) return
    isFirst.value = true
    stop()
  })
  return { isEmpty, isFirst }
}

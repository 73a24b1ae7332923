// What the filter is changed to by the rail, the picker and the keys.
import { computed, type Ref } from 'vue'
import {
  fieldText,
  parseQuery,
  withField,
  type DeskView,
  type FeedFilter,
} from '../feed/feed-filter'

export function useViews(filter: Ref<FeedFilter>, scrollToTop: () => void) {
  /** The one project that is shown, if it is one. */
  const project = computed(() => {
    const { source } = parseQuery(filter.value.text)
    return source.length === 1 ? source[0] : undefined
  })

  /** Filters what is shown by the project; by none: lets go of it. */
  function setProject(name: string | undefined): void {
    filter.value = { view: 'desk', text: withField(filter.value.text, 'project', name) }
  }

  function toggleProject(name: string): void {
    setProject(name === project.value ? undefined : name)
  }

  /** Nothing but the project: other words and fields of the search go. */
  function showOnly(name: string): void {
    filter.value = { view: 'desk', text: fieldText('project', name) }
  }

  function chooseView(view: DeskView): void {
    filter.value = { view, text: withField(filter.value.text, 'project', undefined) }
    scrollToTop()
  }

  return {
    project,
    setProject,
    toggleProject,
    showOnly,
    chooseView,
  }
}

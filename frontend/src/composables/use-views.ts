// What the filter is changed to by the rail, the picker and the keys; and the filters that were given a name.
import { computed, type Ref } from 'vue'
import {
  fieldText,
  parseQuery,
  withField,
  type DeskView,
  type FeedFilter,
} from '../feed/feed-filter'
import { isSameFilter, withView } from '../feed/saved-views'
import { usePreferences } from './preferences'

export function useViews(filter: Ref<FeedFilter>, scrollToTop: () => void) {
  const { savedViews } = usePreferences()

  /** The one project that is shown, if it is one. */
  const project = computed(() => {
    const { source } = parseQuery(filter.value.text)
    return source.length === 1 ? source[0] : undefined
  })
  const currentSaved = computed(() =>
    savedViews.value.find((saved) => isSameFilter(saved, filter.value)),
  )

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

  function chooseSaved(index: number): void {
    const saved = savedViews.value[index]
    if (!saved) return
    filter.value = { view: saved.view, text: saved.text }
    scrollToTop()
  }

  function saveView(name: string): void {
    const { view, text } = filter.value
    savedViews.value = withView(savedViews.value, { name, view, text: text.trim() })
  }

  function forgetView(): void {
    savedViews.value = savedViews.value.filter((saved) => saved !== currentSaved.value)
  }

  return {
    project,
    currentSaved,
    setProject,
    toggleProject,
    showOnly,
    chooseView,
    chooseSaved,
    saveView,
    forgetView,
  }
}

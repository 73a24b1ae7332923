// The filter of the view, kept in the page's address, so that a view can be bookmarked and the back button
// leads to the one before.
import { onScopeDispose, ref, watch, type Ref } from 'vue'
import { filterFromSearch, searchFromFilter, type FeedFilter } from '../feed/feed-filter'

export function useFilter(): Ref<FeedFilter> {
  const filter = ref<FeedFilter>(filterFromSearch(location.search))

  watch(filter, (changed, before) => {
    const search = searchFromFilter(changed)
    if (search === searchFromFilter(filterFromSearch(location.search))) return
    const address = location.pathname + search + location.hash
    // Each letter of a search would be one more step back.
    const onlyTyping = changed.text !== before.text && changed.text !== '' && before.text !== ''
    history[onlyTyping ? 'replaceState' : 'pushState'](null, '', address)
  })

  const follow = () => {
    const now = filterFromSearch(location.search)
    // Also called for a jump within the page, which changes nothing.
    if (now.text !== filter.value.text || now.view !== filter.value.view) filter.value = now
  }
  window.addEventListener('popstate', follow)
  onScopeDispose(() => window.removeEventListener('popstate', follow))
  return filter
}

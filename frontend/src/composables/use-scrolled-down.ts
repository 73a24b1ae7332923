// Whether somebody has scrolled down far enough that new items at the top would be out of sight.
import { onScopeDispose, readonly, ref, type Ref } from 'vue'

export const thresholdPx = 80

export function useScrolledDown(): { isScrolledDown: Readonly<Ref<boolean>> } {
  const isScrolledDown = ref(window.scrollY > thresholdPx)
  const follow = () => (isScrolledDown.value = window.scrollY > thresholdPx)
  window.addEventListener('scroll', follow, { passive: true })
  onScopeDispose(() => window.removeEventListener('scroll', follow))
  return { isScrolledDown: readonly(isScrolledDown) }
}

// A ref that is remembered in this browser and follows when another tab changes it. For small settings
// only; every key is named in preferences.ts.
import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'

/** `parse` makes a valid value of whatever was stored. */
export function useStored<T>(key: string, initial: T, parse: (value: unknown) => T): Ref<T> {
  // Shallow: what is stored is replaced as a whole, and can be sent to a worker as it is.
  const value = shallowRef(read())

  function read(): T {
    try {
      return parse(JSON.parse(localStorage.getItem(key) ?? 'null'))
    } catch {
      return initial
    }
  }

  watch(
    value,
    (changed) => {
      try {
        localStorage.setItem(key, JSON.stringify(changed))
      } catch {
        // A browser that stores nothing still gets a page that works until it is closed.
      }
    },
    { flush: 'sync' },
  )

  const follow = (event: StorageEvent) => {
    if (event.key === key) value.value = read()
  }
  window.addEventListener('storage', follow)
  onScopeDispose(() => window.removeEventListener('storage', follow))
  return value
}

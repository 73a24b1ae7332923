// Wall mode: in the address, so that a screen can be set up with a bookmark; it keeps the screen awake, and a page that
// nobody clicks on reloads by itself after an update of the hub.
import { onScopeDispose, ref, watch, type Ref } from 'vue'

export function useWall(version: Ref<string | undefined>) {
  const isWall = ref(new URLSearchParams(location.search).has('wall'))
  let lock: WakeLockSentinel | undefined
  let firstVersion: string | undefined

  async function keepAwake(): Promise<void> {
    if (!isWall.value || document.hidden || !('wakeLock' in navigator)) return
    // Refused on a low battery, for example: then the screen does as it likes.
    lock = await navigator.wakeLock.request('screen').catch(() => undefined)
  }

  watch(
    isWall,
    (on) => {
      const url = new URL(location.href)
      if (on !== url.searchParams.has('wall')) {
        if (on) url.searchParams.set('wall', '')
        else url.searchParams.delete('wall')
        history.replaceState(null, '', url.href.replace(/([?&]wall)=(?=&|$)/, '$1'))
      }
      if (on) void keepAwake()
      else void lock?.release().catch(() => undefined)
    },
    { immediate: true },
  )
  watch(
    version,
    (now) => {
      firstVersion ??= now
      if (isWall.value && now !== undefined && now !== firstVersion) location.reload()
    },
    { immediate: true },
  )
  // The browser lets go of the screen whenever the page is hidden.
  const again = () => void keepAwake()
  document.addEventListener('visibilitychange', again)
  onScopeDispose(() => document.removeEventListener('visibilitychange', again))
  return isWall
}

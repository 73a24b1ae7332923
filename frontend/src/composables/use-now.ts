// The one clock of the page, so that "2 min" stays true: it ticks four times a minute, on the quarter, and not at all
// while nobody can see it. A text that depends on it belongs into a computed value: then a tick at which the text stays
// the same draws nothing.
import { computed, onScopeDispose, readonly, ref, watch, type ComputedRef, type Ref } from 'vue'

const tickMs = 15_000
const now = ref(Date.now())
/** How far the hub's clock, which gave all times of the feed, is ahead of this device's. */
const hubSkewMs = ref(0)
const hubNow = computed(() => now.value + hubSkewMs.value)
let users = 0
let timer: ReturnType<typeof setTimeout> | undefined

function tick(): void {
  now.value = Date.now()
  timer = setTimeout(tick, tickMs - (now.value % tickMs))
}

function follow(): void {
  clearTimeout(timer)
  // What one sees on coming back must be right at once.
  if (!document.hidden) tick()
}

export function useNow(): Readonly<Ref<number>> {
  if (users++ === 0) {
    tick()
    document.addEventListener('visibilitychange', follow)
  }
  onScopeDispose(() => {
    if (--users > 0) return
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', follow)
  })
  return readonly(now)
}

/** The time by the hub's clock. */
export function useHubNow(): ComputedRef<number> {
  useNow()
  return hubNow
}

/** To be called once, by whoever hears the hub. */
export function useHubSkew(skewMs: () => number | undefined): void {
  watch(skewMs, (skew) => (hubSkewMs.value = skew ?? 0), { immediate: true })
}

/** A list that stays the same one for as long as its members do: who shows it is not drawn anew at each tick. */
export function steadyList<T>(members: () => readonly T[]): ComputedRef<readonly T[]> {
  return computed<readonly T[]>((before) => {
    const list = members()
    const isSame =
      before?.length === list.length && list.every((one, index) => one === before[index])
    return isSame ? before : list
  })
}

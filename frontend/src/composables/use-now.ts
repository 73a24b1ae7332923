// The current time as a ref that ticks, one timer for all who use it, so that "2 min ago" stays true.
import { onScopeDispose, readonly, ref, type Ref } from 'vue'

const tickMs = 10_000
const now = ref(Date.now())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

const tick = () => (now.value = Date.now())
// A hidden page's timers are slowed down: what one sees on coming back must be right at once.
const tickIfVisible = () => {
  if (!document.hidden) tick()
}

export function useNow(): Readonly<Ref<number>> {
  if (users++ === 0) {
    tick()
    timer = setInterval(tick, tickMs)
    document.addEventListener('visibilitychange', tickIfVisible)
  }
  onScopeDispose(() => {
    if (--users > 0) return
    clearInterval(timer)
    document.removeEventListener('visibilitychange', tickIfVisible)
  })
  return readonly(now)
}

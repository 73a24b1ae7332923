// What has just come in, for as long as it is new to the eye. In a rush nothing moves: a screen that flickers cannot
// be read.
import { onScopeDispose, ref, shallowRef } from 'vue'
import type { Notification } from '../api/notification'

const newForMs = 2_500
const rushWithinMs = 1_000
const mostMoving = 3

export function useArrivals() {
  const newIds = shallowRef<ReadonlySet<string>>(new Set())
  /** How many there were since the page was opened. */
  const arrivedCount = ref(0)
  let recent: number[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function arrive(notifications: readonly Notification[]): void {
    arrivedCount.value += notifications.length
    const nowMs = Date.now()
    recent = [
      ...recent.filter((atMs) => nowMs - atMs < rushWithinMs),
      ...notifications.map(() => nowMs),
    ]
    const isRush = recent.length > mostMoving
    newIds.value = isRush
      ? new Set()
      : new Set([...newIds.value, ...notifications.map(({ id }) => id)])
    clearTimeout(timer)
    timer = setTimeout(() => (newIds.value = new Set()), newForMs)
  }

  onScopeDispose(() => clearTimeout(timer))
  return { newIds, arrivedCount, arrive }
}

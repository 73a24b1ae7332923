// A connection state as words, with the seconds to the next try counting down.
import { computed, onScopeDispose, ref, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { clockTime } from '../feed/time-texts'
import type { ConnectionState } from '../stream/stream-events'
import { useTexts } from './use-texts'

const countdownTickMs = 250

export function useConnectionTexts(source: MaybeRefOrGetter<ConnectionState>) {
  const { texts, locale } = useTexts()
  const nowMs = ref(Date.now())
  let timer: ReturnType<typeof setInterval> | undefined

  watch(
    () => toValue(source).retryAtMs,
    (retryAtMs) => {
      clearInterval(timer)
      nowMs.value = Date.now()
      if (retryAtMs !== undefined)
        timer = setInterval(() => (nowMs.value = Date.now()), countdownTickMs)
    },
    { immediate: true },
  )
  onScopeDispose(() => clearInterval(timer))

  const stateText = computed(() => {
    const { kind, retryAtMs } = toValue(source)
    const words = texts.value.connection
    if (kind !== 'reconnecting' || retryAtMs === undefined) return words[kind]
    const seconds = Math.ceil((retryAtMs - nowMs.value) / 1_000)
    return seconds > 0 ? words.reconnectingIn(seconds) : words.reconnecting
  })
  const sinceText = computed(() =>
    texts.value.connection.since(clockTime(toValue(source).sinceMs, locale.value)),
  )
  return { stateText, sinceText }
}

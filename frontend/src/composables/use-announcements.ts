// Turns what comes in into sentences for screen readers: one per burst, not one per item.
import { onScopeDispose, ref, type Ref } from 'vue'
import type { Notification } from '../api/notification'
import { useTexts } from './use-texts'

const burstMs = 700
const longestTextChars = 160

export function useAnnouncements(): {
  sentence: Ref<string>
  announce(notifications: Notification[]): void
} {
  const { texts } = useTexts()
  const sentence = ref('')
  let waiting: Notification[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function announce(notifications: Notification[]): void {
    waiting = [...notifications, ...waiting]
    timer ??= setTimeout(speak, burstMs)
  }

  function speak(): void {
    timer = undefined
    const [newest] = waiting
    if (newest && waiting.length === 1) {
      const level = newest.level ? texts.value.levels[newest.level] : texts.value.noLevel
      const text = (newest.title ?? newest.message).slice(0, longestTextChars)
      sentence.value = texts.value.announce.arrived(level, text)
    } else {
      sentence.value = texts.value.announce.arrivedMany(waiting.length)
    }
    waiting = []
  }

  onScopeDispose(() => clearTimeout(timer))
  return { sentence, announce }
}

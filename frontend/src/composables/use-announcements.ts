// Turns what comes in into sentences for screen readers: one per burst, not one per item.
import { onScopeDispose, ref, type Ref } from 'vue'
import type { Notification } from '../api/notification'
import { plainText } from '../feed/ansi'
import { stateOf } from '../feed/states'
import { useTexts } from './use-texts'

const burstMs = 700
const longestTextChars = 160

export function useAnnouncements(): {
  sentence: Ref<string>
  announce: (notifications: Notification[]) => void
  say: (text: string) => void
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
      const state = texts.value.states[stateOf(newest)]
      const text = plainText(newest.title ?? newest.message).slice(0, longestTextChars)
      say(texts.value.announce.arrived(state, text))
    } else {
      say(texts.value.announce.arrivedMany(waiting.length))
    }
    waiting = []
  }

  /** The same sentence twice in a row would be no change, and so not be spoken again. */
  function say(text: string): void {
    sentence.value = sentence.value === text ? `${text}\u00a0` : text
  }

  onScopeDispose(() => clearTimeout(timer))
  return { sentence, announce, say }
}

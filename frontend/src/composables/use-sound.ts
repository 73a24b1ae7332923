// Plays the chime when an alert asks for it, with the chosen volume, and knows whether the browser allows
// it yet. Decides nothing about when to ring.
import { onScopeDispose, ref } from 'vue'
import type { Signal, SoundName } from '../feed/attention'
import { claimRing, type RingClaim } from '../sound/ring-claim'
import { SoundPlayer } from '../sound/sound-player'
import { usePreferences } from './preferences'
import { useTexts } from './use-texts'

export function useSound() {
  const { muted, volume } = usePreferences()
  const { language } = useTexts()
  const allowed = ref(false)
  /** Whether the first try is over: until then nobody knows that sound is blocked. */
  const tried = ref(false)
  const gestures = ['pointerdown', 'pointerup', 'keydown', 'click'] as const

  const player = new SoundPlayer((isAllowed) => {
    allowed.value = isAllowed
    for (const gesture of gestures) {
      if (isAllowed) window.removeEventListener(gesture, unlock, true)
      else window.addEventListener(gesture, unlock, true)
    }
  })

  const unlock = () => void player.unlock()
  for (const gesture of gestures) window.addEventListener(gesture, unlock, true)
  void player.unlock().then(() => (tried.value = true))
  onScopeDispose(() => {
    for (const gesture of gestures) window.removeEventListener(gesture, unlock, true)
  })

  /** Resolves to whether the alert is dealt with: played, not wanted, or claimed by another tab. */
  async function ring(
    signal: SoundName | 'say',
    words: string,
    claim: RingClaim,
  ): Promise<boolean> {
    if (muted.value) return true
    if (signal !== 'say') return player.play(signal, volume.value, () => claimRing(claim))
    if (!allowed.value) return false
    if (await claimRing(claim)) say(words)
    return true
  }

  function say(words: string): void {
    if (typeof speechSynthesis === 'undefined') return
    const utterance = new SpeechSynthesisUtterance(words)
    utterance.lang = language.value
    utterance.volume = volume.value
    speechSynthesis.speak(utterance)
  }

  /** For the buttons in the settings: also when muted. */
  function preview(signal: Signal, words: string): void {
    if (signal === 'say') say(words)
    else if (signal !== 'off') void player.play(signal, volume.value)
  }

  return { allowed, tried, ring, preview }
}

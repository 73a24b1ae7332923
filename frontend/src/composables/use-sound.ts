// Plays the chime when an alert asks for it, with the chosen volume, and knows whether the browser allows
// it yet. Decides nothing about when to ring.
import { onScopeDispose, ref } from 'vue'
import { SoundPlayer } from '../sound/sound-player'
import type { AlertSound } from '../feed/alert-sound'
import { usePreferences } from './preferences'

export function useSound() {
  const { muted, volume } = usePreferences()
  const allowed = ref(false)
  /** Whether the first try is over: until then nobody knows that sound is blocked. */
  const tried = ref(false)
  const gestures = ['pointerdown', 'pointerup', 'keydown', 'click'] as const

  const player = new SoundPlayer(() => {
    allowed.value = true
    stopListening()
  })

  const unlock = () => void player.unlock()
  const stopListening = () => {
    for (const gesture of gestures) window.removeEventListener(gesture, unlock, true)
  }
  for (const gesture of gestures) window.addEventListener(gesture, unlock, true)
  void player.unlock().then(() => (tried.value = true))
  onScopeDispose(stopListening)

  /** Resolves to whether the alert is dealt with: played, or not wanted. */
  async function ring(sound: AlertSound): Promise<boolean> {
    if (muted.value) return true
    return player.play(sound, volume.value)
  }

  /** For the buttons in the settings: also when muted. */
  function preview(sound: AlertSound): void {
    void player.play(sound, volume.value)
  }

  return { allowed, tried, ring, preview }
}

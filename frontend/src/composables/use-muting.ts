// Muting one project, until then or until it is to sound again.
import { usePreferences } from './preferences'

export function useMuting() {
  const { attention } = usePreferences()

  function setMuted(project: string, untilMs: number | null | undefined): void {
    const muted = { ...attention.value.muted }
    if (untilMs === undefined) delete muted[project]
    else muted[project] = untilMs
    attention.value = { ...attention.value, muted }
  }

  function toggleMuted(project: string): void {
    const until = attention.value.muted[project]
    const isMuted = until === null || (until !== undefined && until > Date.now())
    setMuted(project, isMuted ? undefined : null)
  }

  return { setMuted, toggleMuted }
}

// What went wrong, in the person's language where the page knows it, otherwise in the hub's own words.
import type { Texts } from '../texts'

export function problemText(error: unknown, texts: Texts): string {
  const code = (error as { code?: unknown } | undefined)?.code
  const known = typeof code === 'string' ? texts.problems[code] : undefined
  return known ?? (error instanceof Error ? error.message : String(error))
}

// What a person has chosen, remembered in the browser and the same in all tabs: one set for the page,
// made on first use. What the choices do is decided where they are used.
import { effectScope, type Ref } from 'vue'
import { parseAttention, type Attention } from '../feed/attention'
import { parseHues, type Hues } from '../feed/monogram'
import { parseViews, type SavedView } from '../feed/saved-views'
import { isLanguage, type Language } from '../texts'
import { useStored } from './use-stored'

export type Theme = 'system' | 'light' | 'dark'
export const themes: readonly Theme[] = ['system', 'light', 'dark']

export interface Preferences {
  muted: Ref<boolean>
  /** 0 to 1. */
  volume: Ref<number>
  /** What asks for attention, when and how. */
  attention: Ref<Attention>
  theme: Ref<Theme>
  /** Empty for the browser's own. */
  language: Ref<Language | ''>
  shortcuts: Ref<boolean>
  /** Colours of projects that were chosen by hand. */
  hues: Ref<Hues>
  savedViews: Ref<readonly SavedView[]>
}

let preferences: Preferences | undefined

export function usePreferences(): Preferences {
  // Not tied to the component that happens to ask first.
  preferences ??= effectScope(true).run(create)!
  return preferences
}

function create(): Preferences {
  const aBoolean = (initial: boolean) => (value: unknown) =>
    typeof value === 'boolean' ? value : initial
  return {
    muted: useStored('notifyhub.muted', false, aBoolean(false)),
    volume: useStored('notifyhub.volume', 0.7, (value) =>
      typeof value === 'number' && value >= 0 && value <= 1 ? value : 0.7,
    ),
    attention: useStored('notifyhub.attention', parseAttention(undefined), parseAttention),
    theme: useStored<Theme>('notifyhub.theme', 'system', (value) =>
      themes.includes(value as Theme) ? (value as Theme) : 'system',
    ),
    language: useStored<Language | ''>('notifyhub.language', '', (value) =>
      typeof value === 'string' && isLanguage(value) ? value : '',
    ),
    shortcuts: useStored('notifyhub.shortcuts', true, aBoolean(true)),
    hues: useStored<Hues>('notifyhub.colours', {}, parseHues),
    savedViews: useStored<readonly SavedView[]>('notifyhub.views', [], parseViews),
  }
}

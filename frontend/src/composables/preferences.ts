// What a person has chosen, remembered in the browser and the same in all tabs: one set for the page,
// made on first use. What the choices do is decided where they are used.
import { effectScope, type Ref } from 'vue'
import { isLanguage, type Language } from '../texts'
import { useStored } from './use-stored'

export type Theme = 'system' | 'light' | 'dark'
export const themes: readonly Theme[] = ['system', 'light', 'dark']

export interface Preferences {
  muted: Ref<boolean>
  /** 0 to 1. */
  volume: Ref<number>
  desktopNotifications: Ref<boolean>
  theme: Ref<Theme>
  /** Empty for the browser's own. */
  language: Ref<Language | ''>
  shortcuts: Ref<boolean>
}

let preferences: Preferences | undefined

export function usePreferences(): Preferences {
  // Not tied to the component that happens to ask first.
  preferences ??= effectScope(true).run(create)!
  return preferences
}

function create(): Preferences {
  const isBoolean = (value: unknown) => typeof value === 'boolean'
  return {
    muted: useStored('notifyhub.muted', false, isBoolean),
    volume: useStored(
      'notifyhub.volume',
      0.7,
      (value) => typeof value === 'number' && value >= 0 && value <= 1,
    ),
    desktopNotifications: useStored('notifyhub.desktop', false, isBoolean),
    theme: useStored<Theme>('notifyhub.theme', 'system', (value) =>
      themes.includes(value as Theme),
    ),
    language: useStored<Language | ''>(
      'notifyhub.language',
      '',
      (value) => typeof value === 'string' && (value === '' || isLanguage(value)),
    ),
    shortcuts: useStored('notifyhub.shortcuts', true, isBoolean),
  }
}

// The texts in the person's language, and the language itself for dates and numbers.
import { computed, type ComputedRef } from 'vue'
import { languages, preferredLanguage, type Language, type Texts } from '../texts'
import { usePreferences } from './preferences'

const language = computed<Language>(
  () => usePreferences().language.value || preferredLanguage(navigator.languages),
)
const texts = computed<Texts>(() => languages[language.value])

export function useTexts(): { texts: ComputedRef<Texts>; language: ComputedRef<Language> } {
  return { texts, language }
}

// The texts in the person's language, and the locale for dates and times in it.
import { computed, type ComputedRef } from 'vue'
import { languages, preferredLanguage, type Language, type Texts } from '../texts'
import { usePreferences } from './preferences'

const language = computed<Language>(
  () => usePreferences().language.value || preferredLanguage(navigator.languages),
)
/** Dates are written as the person's own region does, when it speaks the language of the page. */
const locale = computed(
  () => navigator.languages.find((tag) => tag.split('-')[0] === language.value) ?? language.value,
)
const texts = computed<Texts>(() => languages[language.value])

export function useTexts(): {
  texts: ComputedRef<Texts>
  language: ComputedRef<Language>
  locale: ComputedRef<string>
} {
  return { texts, language, locale }
}

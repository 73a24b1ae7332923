// The texts in the person's language, and the locale for dates and times in it.
import { computed, type ComputedRef } from 'vue'
import { languages, preferredLanguage, type Language, type Texts } from '../texts'
import { usePreferences } from './preferences'

const language = computed<Language>(
  () => usePreferences().language.value || preferredLanguage(navigator.languages),
)
/** Dates are written as the person's own region does, when it speaks the language of the page. */
const locale = computed(
  () =>
    navigator.languages.find((tag) => tag.split('-')[0] === language.value && isLocale(tag)) ??
    language.value,
)
const texts = computed<Texts>(() => languages[language.value])

/** Some systems hand over names such as en-US@posix, which no formatter takes. */
function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length > 0
  } catch {
    return false
  }
}

export function useTexts(): {
  texts: ComputedRef<Texts>
  language: ComputedRef<Language>
  locale: ComputedRef<string>
} {
  return { texts, language, locale }
}

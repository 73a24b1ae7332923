// The languages of the page and which one to use. A new language is one more file and one more line here.
import { de } from './de'
import { en, type Texts } from './en'

export type { Texts }

export const languages = { en, de } satisfies Record<string, Texts>

export type Language = keyof typeof languages

export function isLanguage(value: string): value is Language {
  return Object.hasOwn(languages, value)
}

/** The first of the person's languages that the page speaks, or English. */
export function preferredLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split('-')[0] ?? ''
    if (isLanguage(language)) return language
  }
  return 'en'
}

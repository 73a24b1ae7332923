// Every language says everything.
import { describe, expect, it } from 'vitest'
import { languages, preferredLanguage } from '.'

/** Every text with its path; functions are called, so that a forgotten argument shows. */
function textsOf(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]]
  if (typeof value === 'function')
    return [[path, String((value as (...words: unknown[]) => unknown)(2, 'two'))]]
  return Object.entries(value as object).flatMap(([key, inner]) => textsOf(inner, `${path}.${key}`))
}

describe.each(Object.entries(languages))('the texts in %s', (_name, texts) => {
  it('are all there', () => {
    expect(textsOf(texts).map(([path]) => path)).toEqual(
      textsOf(languages.en).map(([path]) => path),
    )
    for (const [path, text] of textsOf(texts)) expect(text, path).toMatch(/\S/)
  })
})

describe('preferredLanguage', () => {
  it('takes the first one that the page speaks', () => {
    expect(preferredLanguage(['fr-FR', 'de-AT', 'en'])).toBe('de')
    expect(preferredLanguage(['fr'])).toBe('en')
    expect(preferredLanguage(['constructor'])).toBe('en')
  })
})

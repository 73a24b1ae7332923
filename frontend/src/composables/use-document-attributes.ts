// Puts the chosen theme and language on the document, where Bootstrap and screen readers look for them.
import { watchEffect } from 'vue'
import { usePreferences } from './preferences'
import { useMediaQuery } from './use-media-query'
import { useTexts } from './use-texts'

export function useDocumentAttributes(): void {
  const { theme } = usePreferences()
  const { language } = useTexts()
  const systemIsDark = useMediaQuery('(prefers-color-scheme: dark)')

  watchEffect(() => {
    const dark = theme.value === 'dark' || (theme.value === 'system' && systemIsDark.value)
    document.documentElement.dataset.bsTheme = dark ? 'dark' : 'light'
    document
      .querySelector('meta[name="theme-color"]')
      ?.setAttribute('content', dark ? '#161920' : '#ffffff')
  })
  watchEffect(() => {
    document.documentElement.lang = language.value
  })
}

// Chromium, as the other browser tests run it.
import { chromium, type Page } from '@playwright/test'
import { chromiumOptions } from '../support/chromium'
import type { Engine, TabDriver } from './tab'

export async function startChromium(): Promise<Engine> {
  const browser = await chromium.launch(chromiumOptions)
  const context = await browser.newContext({
    viewport: { width: 1000, height: 800 },
    locale: 'en-US',
  })
  return {
    openTab: async () => driverOf(await context.newPage()),
    stop: () => browser.close(),
  }
}

async function driverOf(page: Page): Promise<TabDriver> {
  // Playwright's own evaluation counts as a gesture.
  const session = await page.context().newCDPSession(page)
  return {
    goTo: async (url) => void (await page.goto(url)),
    back: async () => void (await page.goBack()),
    async evaluate(expression) {
      const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
        expression,
        returnByValue: true,
        awaitPromise: true,
      })
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description)
      return result.value as string
    },
    async point(x, y, press) {
      await page.mouse.move(x, y)
      if (press) await page.mouse.click(x, y)
    },
    press: (key) => page.keyboard.press(key),
    close: () => page.close(),
  }
}

// The page's service worker, as a test sees it.
import { expect, type BrowserContext, type Page, type Worker } from '@playwright/test'

/** The service worker of the page is there, with everything that the page needs. */
export async function expectKept(page: Page): Promise<void> {
  await expect
    .poll(() =>
      page.evaluate(async () => {
        const { active } = await navigator.serviceWorker.ready
        return active?.state === 'activated'
      }),
    )
    .toBe(true)
}

/** What the page showed last is kept, and this is among it. */
export async function expectSeen(page: Page, text: string): Promise<void> {
  await expect
    .poll(() => page.evaluate(() => JSON.stringify(Object.entries(localStorage))))
    .toContain(text)
}

/** The addresses of everything that is kept, by the names of the caches. */
export const keptAddresses = (page: Page): Promise<Record<string, string[]>> =>
  page.evaluate(async () => {
    const all: Record<string, string[]> = {}
    for (const name of await caches.keys()) {
      const cache = await caches.open(name)
      all[name] = (await cache.keys()).map(({ url }) => url)
    }
    return all
  })

/** The running service worker, for being asked. */
export async function workerOf(context: BrowserContext): Promise<Worker> {
  return context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'))
}

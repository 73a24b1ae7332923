// What every browser test starts from: a hub of its own, a page that must not log errors, and the names
// of the things on the page.
import { expect, test as base, type Locator, type Page } from '@playwright/test'
import { Hub } from './hub'
import { Gateway } from './gateway'

interface Fixtures {
  hubOptions: string[]
  hub: Hub
  /** Between browser and hub, and as honest as the test wants it to be. */
  gateway: Gateway
  /** Everything that the pages of this test logged as an error, or threw. */
  problems: string[]
}

export const test = base.extend<Fixtures>({
  hubOptions: [['--store', 'memory'], { option: true }],

  hub: async ({ hubOptions }, use) => {
    const hub = await Hub.start(...hubOptions)
    await use(hub)
    await hub.stop()
  },

  gateway: async ({ hub }, use) => {
    const gateway = await Gateway.start(hub)
    await use(gateway)
    await gateway.stop()
  },

  problems: [
    async ({ context }, use) => {
      const problems: string[] = []
      context.on('weberror', (error) => problems.push(String(error.error())))
      context.on('console', (message) => {
        if (/Content Security Policy|\[Vue warn\]/.test(message.text()))
          problems.push(message.text())
      })
      await use(problems)
      expect(problems, 'the page threw an error or broke the Content-Security-Policy').toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

export const items = (page: Page): Locator => page.locator('article.row-box')
export const titles = (page: Page): Locator => items(page).locator('.row-title')
/** Those that wait for a person, in their lane. */
export const needs = (page: Page): Locator => page.locator('article.need')
export const item = (page: Page, text: string | RegExp): Locator =>
  items(page).filter({ hasText: text })
export const badge = (page: Page): Locator => page.getByTestId('connection')
export const banner = (page: Page): Locator => page.getByTestId('connection-banner')
export const toasts = (page: Page): Locator => page.getByTestId('toasts')

/** An entry of the menu behind the three dots. */
export async function chooseInMenu(page: Page, name: string | RegExp): Promise<void> {
  await page
    .getByRole('group', { name: 'Actions' })
    .getByRole('button', { name: 'More', exact: true })
    .click()
  await page.getByRole('menuitem', { name }).click()
}

/** Opens a row: everything about it is below it then. */
export async function openRow(page: Page, text: string | RegExp): Promise<Locator> {
  const row = item(page, text)
  await row.locator('.row-open').click()
  await expect(row.locator('.card-detail')).toBeVisible()
  return row
}

/** Where the rows are scrolled. */
export const scroller = (page: Page): Locator => page.getByTestId('scroller')
export const scrollTo = (page: Page, top: number): Promise<void> =>
  scroller(page).evaluate((box, to) => box.scrollTo({ top: to, behavior: 'instant' }), top)

/** The page is up and hears the server. */
export async function expectLive(page: Page): Promise<void> {
  await expect(badge(page)).toHaveAttribute('data-state', 'live')
}

export async function openLive(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await expectLive(page)
}

/** Plain http from another machine has no locks: then no tab can be elected to serve the others. */
export async function withoutLocks(page: Page): Promise<void> {
  await page.addInitScript(() =>
    Object.defineProperty(navigator, 'locks', { value: undefined, configurable: true }),
  )
}

/** Very old browsers: then tabs know nothing of each other. */
export async function withoutBroadcasts(page: Page): Promise<void> {
  await page.addInitScript(() => Reflect.deleteProperty(window, 'BroadcastChannel'))
}

/** As on Android for years, and in embedded views. */
export async function withoutSharedWorker(page: Page): Promise<void> {
  await page.addInitScript(() => Reflect.deleteProperty(window, 'SharedWorker'))
}

/** Makes the page believe that it is hidden, or visible again, as switching tabs does. */
export async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((isHidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => isHidden })
    Object.defineProperty(document, 'visibilityState', {
      configurable: true,
      get: () => (isHidden ? 'hidden' : 'visible'),
    })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)
}

/** Makes the page believe that somebody looks at it, or at another window. */
export async function setFocused(page: Page, focused: boolean): Promise<void> {
  await page.evaluate((isFocused) => {
    document.hasFocus = () => isFocused
    window.dispatchEvent(new Event(isFocused ? 'focus' : 'blur'))
  }, focused)
}

// The pictures in docs/screenshots, taken of the real page on a realistic day. Taken only on request, with
// `npm run screenshots`: letters look a little different on every machine.
import type { Page } from '@playwright/test'
import { fillWithDay } from './support/day'
import { banner, chooseInMenu, expect, item, needs, openLive, openRow, test } from './support/test'

/** How far a clock that says five in the afternoon is ahead of UTC: a day has its morning and its failures by then. */
const aheadHours = ((17 - new Date().getUTCHours() + 36) % 24) - 12
// The signs of these zones are the other way round.
const timezoneId = `Etc/GMT${aheadHours > 0 ? '-' : '+'}${Math.abs(aheadHours)}`
test.use({ deviceScaleFactor: 1, timezoneId })

test.beforeEach(async ({ page }) => {
  // Nobody looks, so that nothing is read before the picture is taken.
  await page.addInitScript(() => (document.hasFocus = () => false))
})

const folder = new URL('../../docs/screenshots/', import.meta.url).pathname

async function settle(page: Page): Promise<void> {
  const { width, height } = page.viewportSize()!
  await page.mouse.click(width - 3, height - 3)
  await expect(page.getByTestId('sound-hint')).toBeHidden()
  await still(page)
}

/** What moves once has come to rest. */
async function still(page: Page): Promise<void> {
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((one) => one.effect?.getComputedTiming().iterations !== Infinity)
        .map((animation) => animation.finished),
    ),
  )
}

const sizes = [
  { name: 'desk', width: 1000, height: 800 },
  { name: 'wide', width: 1920, height: 1080 },
  { name: 'phone', width: 390, height: 844 },
]

for (const colorScheme of ['light', 'dark'] as const) {
  for (const { name, width, height } of sizes) {
    test(`${name}, ${colorScheme}`, async ({ page, hub }) => {
      await page.setViewportSize({ width, height })
      await page.emulateMedia({ colorScheme })
      await fillWithDay(hub)
      await openLive(page, hub.url)
      await expect(needs(page)).toHaveCount(5)
      await settle(page)
      if (name === 'wide') await item(page, 'cargo test').locator('.row-open').click()
      await page.screenshot({ path: `${folder}${name}-${colorScheme}.png` })
    })
  }

  test(`an opened row, ${colorScheme}`, async ({ page, hub }) => {
    await page.emulateMedia({ colorScheme })
    await fillWithDay(hub)
    await openLive(page, hub.url)
    await openRow(page, 'cargo test')
    await settle(page)
    await page.screenshot({ path: `${folder}open-${colorScheme}.png` })
  })

  test(`the wall, ${colorScheme}`, async ({ page, hub }) => {
    await page.setViewportSize({ width: 1920, height: 1080 })
    await page.emulateMedia({ colorScheme })
    await fillWithDay(hub)
    await openLive(page, `${hub.url}?wall`)
    await expect(page.locator('.wc.w')).toHaveCount(5)
    await still(page)
    await page.screenshot({ path: `${folder}wall-${colorScheme}.png` })
  })

  test(`the first run, ${colorScheme}`, async ({ page, hub }) => {
    await page.emulateMedia({ colorScheme })
    await openLive(page, hub.url)
    await expect(page.getByText('No notifications yet')).toBeVisible()
    await settle(page)
    await page.screenshot({ path: `${folder}first-run-${colorScheme}.png` })
  })

  test(`a lost connection and the way back from a deletion, ${colorScheme}`, async ({
    page,
    hub,
  }) => {
    await page.emulateMedia({ colorScheme })
    await fillWithDay(hub)
    await openLive(page, hub.url)
    await settle(page)
    await item(page, 'Tests passed').hover()
    await item(page, 'Tests passed').locator('.qa').getByRole('button', { name: 'Delete' }).click()
    await hub.kill()
    await expect(banner(page)).toBeVisible()
    await page.screenshot({ path: `${folder}lost-${colorScheme}.png` })
  })

  test(`settings, ${colorScheme}`, async ({ page, hub }) => {
    await page.emulateMedia({ colorScheme })
    await fillWithDay(hub)
    await openLive(page, hub.url)
    await settle(page)
    await chooseInMenu(page, 'Settings')
    await page.screenshot({ path: `${folder}settings-${colorScheme}.png` })
  })
}

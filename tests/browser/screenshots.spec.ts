// The pictures in docs/screenshots, taken of the real page with made-up but likely notifications. Taken
// only on request, with `npm run screenshots`: letters look a little different on every machine.
import type { Page } from '@playwright/test'
import { banner, expect, item, items, openLive, setHidden, test } from './support/test'
import type { Hub, NewNotification } from './support/hub'

test.use({ deviceScaleFactor: 2 })

const folder = new URL('../../docs/screenshots/', import.meta.url).pathname

const day: (NewNotification & { minutesAgo: number })[] = [
  {
    minutesAgo: 1_730,
    message: 'Certificate for hub.example renewed until 21 February.',
    level: 'success',
  },
  {
    minutesAgo: 1_500,
    title: 'Disk almost full',
    message: '/var on build-03 is at 91 %.\nThe oldest artifacts are from March.',
    level: 'warning',
    tags: ['ops', 'build-03'],
  },
  {
    minutesAgo: 190,
    message: 'Nightly backup finished: 41.2 GB in 12 min',
    level: 'success',
    tags: ['backup'],
  },
  {
    minutesAgo: 64,
    title: 'Agent finished: migrate the settings page',
    message:
      'All 14 steps are done, 212 tests pass.\nDiff: https://git.example/hub/compare/settings',
    level: 'info',
    tags: ['agent'],
  },
  {
    minutesAgo: 21,
    title: 'Deploy 2.14 is live',
    message: 'All 12 checks passed.',
    level: 'success',
    tags: ['deploy', 'api'],
    link: 'https://deploy.example/runs/214',
  },
  {
    minutesAgo: 4,
    title: 'Tests failed: 3 of 412',
    message: 'auth::expired_token\nauth::refresh\nfeed::resume_after_restart',
    level: 'error',
    tags: ['ci', 'main'],
    link: 'https://ci.example/8812',
  },
  { minutesAgo: 0, message: 'Your long compile is done. Coffee is over.', tags: ['build'] },
]

async function fill(hub: Hub): Promise<void> {
  for (const { minutesAgo, ...notification } of day) {
    const timestamp = new Date(Date.now() - minutesAgo * 60_000).toISOString()
    await hub.publish({ ...notification, timestamp })
  }
}

async function settle(page: Page): Promise<void> {
  await page.mouse.click(2, 400)
  await expect(page.getByTestId('sound-hint')).toBeHidden()
  await page.mouse.move(2, 600)
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished)),
  )
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the list, ${colorScheme}`, async ({ page, hub }) => {
    await page.emulateMedia({ colorScheme })
    await fill(hub)
    await openLive(page, hub.url)
    await expect(items(page)).toHaveCount(day.length)
    await settle(page)
    await page.screenshot({ path: `${folder}list-${colorScheme}.png` })
  })

  test(`a phone, ${colorScheme}`, async ({ page, hub }) => {
    await page.setViewportSize({ width: 390, height: 780 })
    await page.emulateMedia({ colorScheme })
    await fill(hub)
    await openLive(page, hub.url)
    await expect(items(page)).not.toHaveCount(0)
    await settle(page)
    await page.screenshot({ path: `${folder}phone-${colorScheme}.png` })
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
    await fill(hub)
    await openLive(page, hub.url)
    await settle(page)
    await item(page, 'coffee').hover()
    await item(page, 'coffee').getByRole('button', { name: 'Delete' }).click()
    await item(page, 'Deploy').hover()
    await hub.kill()
    await expect(banner(page)).toBeVisible()
    await page.screenshot({ path: `${folder}lost-${colorScheme}.png` })
  })

  test(`settings, ${colorScheme}`, async ({ page, hub }) => {
    await page.emulateMedia({ colorScheme })
    await fill(hub)
    await openLive(page, hub.url)
    await settle(page)
    await setHidden(page, false)
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.screenshot({ path: `${folder}settings-${colorScheme}.png` })
  })
}

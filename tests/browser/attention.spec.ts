// What the page does for somebody who looks elsewhere: unread counts, desktop notifications, the pill.
import type { Page } from '@playwright/test'
import { expect, item, items, openLive, setHidden, test } from './support/test'

const icon = (page: Page) => page.locator('link[rel="icon"]')

test('what comes in unseen is counted in the title and on the icon', async ({ page, hub }) => {
  await openLive(page, hub.url)
  await page.getByRole('button', { name: 'Mute sounds' }).click()
  await hub.publish('seen')
  await expect(item(page, 'seen')).toBeVisible()
  await expect(page).toHaveTitle('NotifyHub')
  await setHidden(page, true)
  await hub.publish('unseen one')
  await hub.publish('unseen two')
  await expect(page).toHaveTitle('(2) NotifyHub')
  await expect(icon(page)).toHaveAttribute('href', /^data:image\/svg\+xml,.*%3E2%3C/)
  await setHidden(page, false)
  await expect(page).toHaveTitle('NotifyHub')
  await expect(icon(page)).toHaveAttribute('href', /favicon.*\.svg$/)
})

test('seen in one tab is seen in all', async ({ context, hub }) => {
  const [page, other] = await Promise.all([context.newPage(), context.newPage()])
  await openLive(page, hub.url)
  await openLive(other, hub.url)
  await page.getByRole('button', { name: 'Mute sounds' }).click()
  for (const tab of [page, other]) await setHidden(tab, true)
  await hub.publish('unseen')
  for (const tab of [page, other]) await expect(tab).toHaveTitle('(1) NotifyHub')
  await setHidden(other, false)
  for (const tab of [page, other]) await expect(tab).toHaveTitle('NotifyHub')
})

test.describe('desktop notifications', () => {
  test.beforeEach(async ({ context }) => {
    await context.addInitScript(() => {
      const shown: string[] = []
      class FakeNotification extends EventTarget {
        static permission = 'default'
        static requests = 0
        static async requestPermission() {
          FakeNotification.requests += 1
          return (FakeNotification.permission = 'granted')
        }
        constructor(title: string, { body }: { body: string }) {
          super()
          shown.push(`${title}: ${body}`)
        }
      }
      Object.assign(window, { Notification: FakeNotification, desktopShown: shown })
    })
  })
  const shown = (page: Page) =>
    page.evaluate(() => (window as unknown as { desktopShown: string[] }).desktopShown)
  const requests = (page: Page) =>
    page.evaluate(
      () => (window as unknown as { Notification: { requests: number } }).Notification.requests,
    )

  test('are asked for by a button and shown only when the page is hidden', async ({
    page,
    hub,
  }) => {
    await openLive(page, hub.url)
    expect(await requests(page)).toBe(0)
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByRole('button', { name: 'Allow desktop notifications' }).click()
    expect(await requests(page)).toBe(1)
    await expect(page.getByRole('switch', { name: 'Show desktop notifications' })).toBeChecked()
    await page.keyboard.press('Escape')
    await hub.publish('in plain sight')
    await expect(item(page, 'in plain sight')).toBeVisible()
    await setHidden(page, true)
    await hub.publish({ title: 'Build', message: 'failed', level: 'error' })
    await expect.poll(() => shown(page)).toEqual(['Build: failed'])
  })
})

test('somebody who reads further down gets a pill instead of a jump', async ({ page, hub }) => {
  await hub.publishMany(40, (index) => `older ${index}`)
  await openLive(page, hub.url)
  await expect(items(page)).not.toHaveCount(0)
  await page.evaluate(() => window.scrollTo({ top: 1_200, behavior: 'instant' }))
  await expect(item(page, /older 39$/)).toHaveCount(0)
  const reading = items(page).nth(8)
  await reading.evaluate((element) => element.setAttribute('data-testid', 'reading'))
  const place = async () => Math.round((await page.getByTestId('reading').boundingBox())!.y)
  const before = await place()
  await hub.publish('new one')
  await hub.publish('new two')
  const pill = page.getByRole('button', { name: '2 new' })
  await expect(pill).toBeVisible()
  expect(Math.abs((await place()) - before)).toBeLessThanOrEqual(2)
  await pill.click()
  await expect(item(page, 'new two')).toBeInViewport()
  await expect(pill).toBeHidden()
  expect(await page.evaluate(() => window.scrollY)).toBe(0)
})

test('screen readers are told politely what came in, a burst in one sentence', async ({
  page,
  hub,
}) => {
  await openLive(page, hub.url)
  const announcer = page.getByTestId('announcer')
  await expect(announcer).toHaveAttribute('aria-live', 'polite')
  await hub.publish({ message: 'disk almost full', level: 'warning' })
  await expect(announcer).toHaveText('New: Warning. disk almost full')
  await Promise.all([1, 2, 3].map((count) => hub.publish(`burst ${count}`)))
  await expect(announcer).toHaveText('3 new notifications')
})

test('new items come in with a movement only for those who want it', async ({ page, hub }) => {
  const animation = async (text: string) => {
    await hub.publish(text)
    await expect(item(page, text)).toBeVisible()
    return item(page, text).evaluate((element) => getComputedStyle(element).animationName)
  }
  await openLive(page, hub.url)
  expect(await animation('moves')).toBe('arrive')
  await page.emulateMedia({ reducedMotion: 'reduce' })
  expect(await animation('stands still')).toBe('none')
})

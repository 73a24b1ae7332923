// axe finds nothing on any view, in either theme; and what axe cannot see: languages and narrow screens.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from '@playwright/test'
import { banner, expect, item, items, openLive, test } from './support/test'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  id: string
  nodes: { target: unknown; failureSummary?: string }[]
}

async function expectAccessible(page: Page, view: string): Promise<void> {
  // Colours in the middle of a transition are nobody's.
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished)),
  )
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe)
  const findings = await page.evaluate(async () => {
    const runner = (
      window as unknown as { axe: { run(o: object): Promise<{ violations: Finding[] }> } }
    ).axe
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const { violations } = await runner.run({ runOnly: tags })
    return violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map((n) => [n.target, n.failureSummary]),
    }))
  })
  expect(findings, view).toEqual([])
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing on any view, ${colorScheme}`, async ({ page, hub }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await openLive(page, hub.url)
    await expect(page.getByTestId('sound-hint')).toBeVisible()
    await expectAccessible(page, 'the empty hub with the hint about sound')

    for (const level of ['info', 'success', 'warning', 'error'] as const) {
      await hub.publish({
        title: `A title (${level})`,
        message: 'A message with https://a.example/ in it',
        level,
        tags: ['tag'],
        link: 'https://a.example/',
      })
    }
    await hub.publish('x'.repeat(1_000))
    await expect(items(page)).toHaveCount(5)
    await expectAccessible(page, 'the list')

    await item(page, 'error').hover()
    await item(page, 'error').getByRole('button', { name: 'Delete' }).click()
    await expectAccessible(page, 'the list with the way back')

    const views = { 'Send a test notification': 'test', Settings: 'settings', 'Clear all': 'clear' }
    for (const [button, view] of Object.entries(views)) {
      await page.getByRole('button', { name: button }).click()
      await expect(page.getByRole('dialog')).toBeVisible()
      await expectAccessible(page, view)
      await page.keyboard.press('Escape')
    }
    await page.keyboard.press('?')
    await expectAccessible(page, 'help')
    await page.keyboard.press('Escape')

    await item(page, 'info').getByRole('button', { name: 'tag' }).click()
    await expect(page).toHaveURL(/tag=tag/)
    await expectAccessible(page, 'filtered')
    await page.getByRole('searchbox', { name: 'Search' }).fill('nowhere')
    await expect(page.getByText('Nothing found')).toBeVisible()
    await expectAccessible(page, 'nothing found')

    await hub.kill()
    await expect(banner(page)).toBeVisible()
    await expectAccessible(page, 'connection lost')
  })
}

test('nothing sticks out at 320 pixels, on any view', async ({ page, hub }) => {
  await page.setViewportSize({ width: 320, height: 600 })
  await openLive(page, hub.url)
  const expectFit = async (view: string) =>
    expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBe(320)
  await expectFit('empty')
  await hub.publish({
    title: 'A rather long title that has to wrap somewhere',
    message: 'https://a.example/' + 'path/'.repeat(30),
    tags: ['one', 'a-rather-long-tag-that-is-cut', 'three'],
    link: `https://${'long-'.repeat(8)}host.example/`,
  })
  await expect(items(page)).toHaveCount(1)
  await expectFit('list')
  for (const button of ['Send a test notification', 'Settings', 'Clear all']) {
    await page.getByRole('button', { name: button }).click()
    const dialog = (await page.getByRole('dialog').boundingBox())!
    expect(dialog.x, button).toBeGreaterThanOrEqual(0)
    expect(dialog.x + dialog.width, button).toBeLessThanOrEqual(320)
    await page.keyboard.press('Escape')
  }
  await hub.kill()
  await expect(banner(page)).toBeVisible()
  await expectFit('connection lost')
})

test('theme and language can be chosen and are remembered', async ({ page, hub }) => {
  await hub.publish('one')
  await openLive(page, hub.url)
  const root = page.locator('html')
  await expect(root).toHaveAttribute('data-bs-theme', 'light')
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByLabel('Theme').selectOption('Dark')
  await expect(root).toHaveAttribute('data-bs-theme', 'dark')
  await page.getByLabel('Language').selectOption('Deutsch')
  await expect(page.getByRole('dialog', { name: 'Einstellungen' })).toBeVisible()
  await expect(root).toHaveAttribute('lang', 'de')
  await page.reload()
  await expect(root).toHaveAttribute('data-bs-theme', 'dark')
  await expect(page.locator('.day')).toHaveText('Heute')
  await expect(item(page, 'one').locator('time')).toHaveText('gerade eben')
})

test('the theme follows the system, at once', async ({ page, hub }) => {
  await page.emulateMedia({ colorScheme: 'dark' })
  await openLive(page, hub.url)
  await expect(page.locator('html')).toHaveAttribute('data-bs-theme', 'dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await expect(page.locator('html')).toHaveAttribute('data-bs-theme', 'light')
})

test.describe('a German browser', () => {
  test.use({ locale: 'de-DE' })
  test('gets the German page', async ({ page, hub }) => {
    await openLive(page, hub.url)
    await expect(page.getByText('Noch keine Benachrichtigungen')).toBeVisible()
  })
})

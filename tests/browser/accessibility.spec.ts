// axe finds nothing on any view, in either theme; and what axe cannot see: languages and narrow screens.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from '@playwright/test'
import { fillWithDay } from './support/day'
import {
  banner,
  chooseInMenu,
  expect,
  item,
  items,
  needs,
  openLive,
  openRow,
  test,
} from './support/test'

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

    await fillWithDay(hub)
    await expect(needs(page)).toHaveCount(5)
    await expectAccessible(page, 'the desk')

    const row = await openRow(page, 'cargo test')
    await expectAccessible(page, 'an opened row')
    await row.locator('.card-buttons').getByRole('button', { name: 'Delete' }).click()
    await expectAccessible(page, 'the desk with the way back')

    const views = {
      'Send a test notification': 'test',
      Settings: 'settings',
      'Delete everything on the hub…': 'clear',
    }
    for (const [entry, view] of Object.entries(views)) {
      await chooseInMenu(page, entry)
      await expect(page.getByRole('dialog')).toBeVisible()
      await expectAccessible(page, view)
      await page.keyboard.press('Escape')
    }
    await page.getByRole('button', { name: 'More', exact: true }).click()
    await expectAccessible(page, 'the menu')
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await expectAccessible(page, 'help')
    await page.keyboard.press('Escape')

    await page.setViewportSize({ width: 1600, height: 900 })
    await expect(page.getByTestId('pane')).toBeVisible()
    await expectAccessible(page, 'the desk with its pane')
    await page.setViewportSize({ width: 390, height: 800 })
    await expectAccessible(page, 'the desk on a phone')
    await page.setViewportSize({ width: 1000, height: 800 })

    await page.getByRole('button', { name: 'Wall mode' }).click()
    await expect(page.locator('.wc.w')).toHaveCount(5)
    await expectAccessible(page, 'the wall')
    await page.keyboard.press('w')

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
  await openRow(page, 'A rather long title')
  await expectFit('an opened row')
  const entries = ['Send a test notification', 'Settings', 'Delete everything on the hub…']
  for (const button of entries) {
    await chooseInMenu(page, button)
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
  await chooseInMenu(page, 'Settings')
  await page.getByLabel('Theme').selectOption('Dark')
  await expect(root).toHaveAttribute('data-bs-theme', 'dark')
  await page.getByLabel('Language').selectOption('Deutsch')
  await expect(page.getByRole('dialog', { name: 'Einstellungen' })).toBeVisible()
  await expect(root).toHaveAttribute('lang', 'de')
  await page.reload()
  await expect(root).toHaveAttribute('data-bs-theme', 'dark')
  await expect(page.locator('.day')).toHaveText('Heute')
  await expect(item(page, 'one').locator('.row time')).toHaveText('jetzt')
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

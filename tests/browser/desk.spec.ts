// The desk: who waits, what runs, what failed until it is settled, what belongs together; and how much of it one sees.
import type { Page } from '@playwright/test'
import { contrastOf } from './support/contrast'
import { fillWithDay } from './support/day'
import {
  expect,
  item,
  items,
  needs,
  openLive,
  openRow,
  setFocused,
  test,
  titles,
} from './support/test'

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()

/** What is wholly on the screen, lane and rows. */
const wholeOnes = (page: Page) =>
  page.locator('article.need, article.row-box').evaluateAll((all) => {
    const box = document.querySelector('.list')!.getBoundingClientRect()
    return all.filter((one) => {
      const { top, bottom } = one.getBoundingClientRect()
      return top >= box.top && bottom <= Math.min(box.bottom, innerHeight)
    }).length
  })

for (const { width, height, least } of [
  { width: 1000, height: 800, least: 12 },
  { width: 1920, height: 1080, least: 20 },
  { width: 390, height: 844, least: 7 },
]) {
  test(`at least ${least} whole items at ${width} × ${height}, the longest waiting first`, async ({
    page,
    hub,
  }) => {
    await page.setViewportSize({ width, height })
    await fillWithDay(hub)
    await openLive(page, hub.url)
    await expect(needs(page)).toHaveCount(5)
    await expect(needs(page).first()).toContainText('rm -rf .terraform/providers ?')
    await expect(needs(page).first()).toBeInViewport({ ratio: 1 })
    await expect.poll(() => wholeOnes(page)).toBeGreaterThanOrEqual(least)
  })
}

test('who waits stands in the lane, oldest first, also when it is older than what was loaded', async ({
  page,
  hub,
}) => {
  await hub.publish({ message: 'the oldest question', state: 'waiting', source: 'shop' })
  await hub.publishMany(120, (index) => `noise ${index}`)
  await hub.publish({ message: 'a newer question', state: 'waiting' })
  await openLive(page, hub.url)
  await expect(needs(page)).toHaveCount(2)
  await expect(needs(page).first()).toContainText('the oldest question')
  await expect(page.getByTestId('lane')).toContainText('2 need you')
  await page.reload()
  await expect(needs(page)).toHaveCount(2)
})

test('done and later hold on all devices', async ({ page, hub, browser }) => {
  for (const message of ['first question', 'second question']) {
    await hub.publish({ message, state: 'waiting' })
  }
  const other = await (await browser.newContext()).newPage()
  for (const tab of [page, other]) {
    await openLive(tab, hub.url)
    await expect(needs(tab)).toHaveCount(2)
  }
  await needs(page).first().getByRole('button', { name: 'Done' }).click()
  for (const tab of [page, other]) await expect(needs(tab)).toHaveCount(1)
  await needs(other).first().getByRole('button', { name: 'In 10 min' }).click()
  for (const tab of [page, other]) {
    await expect(needs(tab)).toHaveCount(0)
    await expect(item(tab, 'second question').locator('.row time')).toHaveText(/^until/)
  }
  const row = await openRow(page, 'second question')
  await row.getByRole('button', { name: 'Ask again now' }).click()
  for (const tab of [page, other]) await expect(needs(tab)).toHaveCount(1)
  await other.context().close()
})

test('what runs is on one line, until it ends', async ({ page, hub }) => {
  await openLive(page, hub.url)
  const run = { source: 'shop', actor: 'claude', key: 'run' }
  await hub.publish({ ...run, message: 'thinking', state: 'running', timestamp: ago(3.5) })
  await expect(page.getByTestId('strip')).toContainText(/claude\s+shop\s+3 min/)
  await expect(items(page)).toHaveCount(0)
  await hub.publish({ ...run, message: 'finished', state: 'done' })
  await expect(page.getByTestId('strip')).toHaveCount(0)
  await expect(titles(page)).toHaveText(['finished'])
})

test('what belongs together is one row, and a success settles the failure before it', async ({
  page,
  hub,
}) => {
  await openLive(page, hub.url)
  const ci = { source: 'shop', actor: 'ci', key: 'ci/shop' }
  await hub.publish({ ...ci, title: 'CI #1', message: 'passed', state: 'done' })
  await hub.publish({ ...ci, title: 'CI #2', message: '1 failed', state: 'failed' })
  await hub.publish('something else')
  await expect(page.locator('.rail .n.f').first()).toHaveText('1')
  await expect(titles(page)).toHaveText(['something else', 'CI #2'])
  await hub.publish({ ...ci, title: 'CI #3', message: 'passed', state: 'done' })
  await expect(titles(page)).toHaveText(['CI #3', 'something else'])
  await expect(page.locator('.rail .n.f')).toHaveCount(0)
  await expect(item(page, 'CI #3').locator('.x')).toContainText('×3')
  const row = await openRow(page, 'CI #3')
  await expect(row.locator('.earlier li')).toHaveCount(2)
  await expect(row.locator('.earlier .settled')).toContainText('CI #2')
})

test('the same from the same speaker within an hour is one row', async ({ page, hub }) => {
  const backup = { source: 'infra', actor: 'cron', title: 'Backup', level: 'success' as const }
  await hub.publish({ ...backup, message: 'long ago', timestamp: ago(100) })
  for (const minutes of [20, 10]) {
    await hub.publish({ ...backup, message: `${minutes}`, timestamp: ago(minutes) })
  }
  await openLive(page, hub.url)
  await expect(items(page)).toHaveCount(2)
  await expect(items(page).first().locator('.x')).toContainText('×2')
})

test('what failed stays red until it is settled, on all devices', async ({ page, hub }) => {
  await hub.publish({ message: 'it broke', state: 'failed', source: 'shop' })
  await openLive(page, hub.url)
  await expect(item(page, 'it broke').locator('.row')).toHaveClass(/failed/)
  await page
    .getByRole('navigation')
    .getByRole('button', { name: /^Failed/ })
    .click()
  await expect(items(page)).toHaveCount(1)
  const row = await openRow(page, 'it broke')
  await row.locator('.card-buttons').getByRole('button', { name: 'Done' }).click()
  await expect(items(page)).toHaveCount(0)
  await expect(page.getByText('Nothing here')).toBeVisible()
  expect((await hub.list())[0]).toHaveProperty('resolved_at')
})

test('a line stands between what is new and what was seen', async ({ page, hub }) => {
  await hub.publish('seen long ago')
  await openLive(page, hub.url)
  await expect(page.getByTestId('seen-line')).toHaveCount(0)
  await setFocused(page, false)
  await hub.publish('came while away')
  await expect(item(page, 'came while away')).toBeVisible()
  await expect(page.getByTestId('seen-line')).toHaveText(/^seen until \d/)
  await setFocused(page, true)
  // It stays where it was for as long as one looks.
  await expect(page).toHaveTitle('NotifyHub')
  await expect(page.getByTestId('seen-line')).toHaveCount(1)
  await page.reload()
  await expect(item(page, 'came while away')).toBeVisible()
  await expect(page.getByTestId('seen-line')).toHaveCount(0)
})

test('the rail filters by project, and shows its sessions', async ({ page, hub }) => {
  await page.setViewportSize({ width: 1200, height: 800 })
  await hub.publish({ message: 'one', source: 'shop' })
  await hub.publish({ message: 'two', source: 'my blog' })
  await hub.publish({ message: 'ask', source: 'shop', actor: 'claude', state: 'waiting' })
  await openLive(page, hub.url)
  const rail = page.getByRole('navigation')
  await expect(rail.locator('.rail-project').first()).toContainText('shop')
  await expect(rail.locator('.sub')).toContainText('claude · ask')
  await rail.getByRole('button', { name: 'my blog', exact: true }).click()
  await expect(titles(page)).toHaveText(['two'])
  await expect(page).toHaveURL(/q=project%3A%22my\+blog%22/)
  await rail.getByRole('button', { name: 'my blog', exact: true }).click()
  await expect(titles(page)).toHaveText(['two', 'one'])
})

test('Alt and a click shows only the project, whatever was searched for', async ({ page, hub }) => {
  await page.setViewportSize({ width: 1200, height: 800 })
  await hub.publish({ message: 'one', source: 'shop' })
  await hub.publish({ message: 'two', source: 'shop' })
  await hub.publish({ message: 'two', source: 'blog' })
  await openLive(page, `${hub.url}?q=two`)
  const rail = page.getByRole('navigation')
  const shop = rail.getByRole('button', { name: 'shop', exact: true })
  await shop.click()
  await expect(page).toHaveURL(/q=two\+project%3Ashop/)
  await expect(titles(page)).toHaveText(['two'])
  await shop.click({ modifiers: ['Alt'] })
  await expect(page).toHaveURL(/q=project%3Ashop/)
  await expect(titles(page)).toHaveText(['two', 'one'])
  // Again: it stays.
  await shop.click({ modifiers: ['Alt'] })
  await expect(titles(page)).toHaveText(['two', 'one'])
  await page.goto(`${hub.url}?q=one`)
  await expect(titles(page)).toHaveText(['one'])
  // The same without a mouse.
  await rail.getByRole('button', { name: 'More about shop' }).press('Enter')
  await page.getByRole('menuitem', { name: 'Show only this project' }).press('Enter')
  await expect(titles(page)).toHaveText(['two', 'one'])
})

test('the colour of a project is chosen, kept, and the same in other tabs', async ({
  page,
  context,
  hub,
}) => {
  await page.setViewportSize({ width: 1200, height: 800 })
  await hub.publish({ message: 'one', source: 'shop' })
  await openLive(page, hub.url)
  const other = await context.newPage()
  await openLive(other, hub.url)
  const mark = item(page, 'one').locator('.mono')
  const before = (await mark.getAttribute('class'))!
  const menu = page.getByRole('navigation').getByRole('button', { name: 'More about shop' })
  await menu.press('Enter')
  const colours = page.getByRole('group', { name: 'Colour' }).getByRole('menuitemradio')
  await expect(colours).toHaveCount(12)
  for (let index = 0; index < 12; index++) {
    await expect(colours.nth(index)).toBeInViewport({ ratio: 1 })
  }
  await expect(page.locator('[role=menuitemradio][aria-checked=true]')).toHaveCount(1)
  const olive = page.getByRole('menuitemradio', { name: 'olive' })
  await page.keyboard.press('ArrowUp')
  await expect(olive).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(menu).toBeFocused()
  await expect(mark).toHaveClass(/hue-11/)
  await expect(item(other, 'one').locator('.mono')).toHaveClass(/hue-11/)
  await page.reload()
  await expect(mark).toHaveClass(/hue-11/)
  await menu.press('Enter')
  await page.getByRole('menuitem', { name: 'Colour by its name' }).press('Enter')
  await expect(mark).toHaveClass(before)
})

for (const [where, width] of Object.entries({ 'a small window': 1000, 'a phone': 390 })) {
  test(`in ${where} the menu of the bar has the colour of the project that is shown`, async ({
    page,
    hub,
  }) => {
    await page.setViewportSize({ width, height: 800 })
    await hub.publish({ message: 'one', source: 'shop' })
    await openLive(page, hub.url)
    await expect(page.getByRole('button', { name: 'More about shop' })).toBeHidden()
    await page.getByRole('button', { name: 'More', exact: true }).click()
    await expect(page.getByRole('menuitemradio')).toHaveCount(0)
    await page.keyboard.press('Escape')
    await page.getByRole('navigation').getByRole('button', { name: 'shop' }).first().click()
    await page.getByRole('button', { name: 'More', exact: true }).click()
    await expect(page.getByRole('menu').getByRole('group', { name: 'shop' })).toBeVisible()
    const olive = page.getByRole('menuitemradio', { name: 'olive' })
    await expect(olive).toBeInViewport({ ratio: 1 })
    await olive.click()
    await expect(item(page, 'one').locator('.mono')).toHaveClass(/hue-11/)
  })
}

test('each colour of a project holds its contrast, in light and in dark', async ({ page, hub }) => {
  await page.setViewportSize({ width: 1200, height: 800 })
  await hub.publish({ message: 'one', source: 'shop' })
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (let hue = 0; hue < 12; hue++) {
      await page.addInitScript(
        (chosen) => localStorage.setItem('notifyhub.colours', JSON.stringify({ shop: chosen })),
        hue,
      )
      await openLive(page, hub.url)
      const mark = item(page, 'one').locator('.mono')
      await expect(mark).toHaveClass(new RegExp(`hue-${hue}$`))
      expect((await contrastOf(mark)).text, `colour ${hue}, ${colorScheme}`).toBeGreaterThan(4.9)
    }
  }
})

test('a wide window shows the chosen row beside the list', async ({ page, hub }) => {
  await page.setViewportSize({ width: 1600, height: 900 })
  await hub.publish({ title: 'First', message: 'the first story' })
  await hub.publish({ title: 'Second', message: 'the second story' })
  await openLive(page, hub.url)
  await item(page, 'First').locator('.row-open').click()
  await expect(page.getByTestId('pane')).toContainText('the first story')
  await expect(page.locator('article .card-detail')).toHaveCount(0)
})

test('when all is done, the desk says so', async ({ page, hub }) => {
  const { id } = await hub.publish({ message: 'only run', state: 'running', source: 'shop' })
  await openLive(page, hub.url)
  await expect(page.getByRole('heading', { name: 'Nothing needs you' })).toBeVisible()
  await hub.remove(id)
  await expect(page.getByRole('heading', { name: 'No notifications yet' })).toBeVisible()
})

test('a calm desk says what was done, and hour by hour what failed', async ({ page, hub }) => {
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()
  await hub.publish({ message: 'night', state: 'failed', timestamp: hoursAgo(5) })
  await hub.publish({ message: 'last week', state: 'failed', timestamp: hoursAgo(150) })
  await hub.publish({ message: 'built', state: 'done' })
  await openLive(page, hub.url)
  const calm = page.getByTestId('calm')
  await expect(calm).toContainText('Nothing needs you')
  await expect(calm).toContainText('0 running, 1 done today')
  await expect(calm.getByRole('img')).toHaveAccessibleName('Last 24 hours: 1 failed, 1 done')
  const bars = calm.locator('.day-strip g')
  await expect(bars).toHaveCount(24)
  await expect(bars.last().locator('.bar-done')).toHaveAttribute('height', '18')
  await expect(bars.nth(18).locator('.bar-failed')).toHaveAttribute('height', '18')
  await expect(items(page)).toHaveCount(3)
  await hub.publish({ message: 'a question', state: 'waiting', key: 'q' })
  await expect(needs(page)).toHaveCount(1)
  await expect(calm).toHaveCount(0)
  await page.keyboard.press('3')
  await expect(calm).toHaveCount(0)
})

test('the wall shows three columns, and has its own address', async ({ page, hub }) => {
  await hub.publish({ message: 'a question', state: 'waiting', source: 'shop' })
  await hub.publish({ title: 'Build', message: 'broke', state: 'failed' })
  await hub.publish({ title: 'Tests', message: 'passed', state: 'done' })
  await openLive(page, `${hub.url}?wall`)
  await expect(page.locator('.wc.w')).toContainText('a question')
  await expect(page.locator('.wc.f')).toContainText('Build: broke')
  await expect(page.locator('.wc.small')).toContainText('Tests')
  await hub.kill()
  await expect(page.getByText(/^No connection since/)).toBeVisible()
  await page.keyboard.press('w')
  await expect(needs(page)).toHaveCount(1)
  await expect(page).toHaveURL(hub.url)
})

test('no card of the wall is cut in two', async ({ page, hub }) => {
  for (let index = 0; index < 30; index++) {
    await hub.publish({ message: `failure ${index}`, state: 'failed', source: `s${index}` })
  }
  await page.setViewportSize({ width: 1280, height: 720 })
  await openLive(page, `${hub.url}?wall`)
  const cards = page.locator('.wc.f')
  await expect(cards).toHaveCount(30)
  /** How much of each can be seen, from 0 to 1. */
  const seen = await cards.evaluateAll((all) =>
    all.map((card) => {
      const { top, left, width, height } = card.getBoundingClientRect()
      const box = card.parentElement!.getBoundingClientRect()
      const down = Math.min(box.bottom, top + height) - Math.max(box.top, top)
      const across = Math.min(box.right, left + width) - Math.max(box.left, left)
      return (Math.max(0, down) * Math.max(0, across)) / (width * height)
    }),
  )
  const whole = seen.filter((part) => part > 0.99).length
  expect(whole).toBeGreaterThanOrEqual(5)
  expect(seen.filter((part) => part > 0.01)).toHaveLength(whole)
  await page.setViewportSize({ width: 390, height: 800 })
  await expect(cards.last()).toHaveCSS(
    'width',
    await cards.first().evaluate((one) => getComputedStyle(one).width),
  )
  await cards.last().scrollIntoViewIfNeeded()
  await expect(cards.last()).toBeInViewport({ ratio: 1 })
})

test('a first notification is followed by what makes the page worth having open', async ({
  page,
  hub,
}) => {
  await openLive(page, hub.url)
  for (const name of ['Claude Code', 'Codex', 'cargo and npm', 'GitHub Actions', 'PowerShell']) {
    await page.getByRole('tab', { name }).click()
    await expect(page.getByRole('tabpanel')).toContainText(hub.port)
  }
  await hub.publish('hello')
  await expect(page.getByTestId('first-hint')).toContainText('That was it.')
  await page.getByTestId('first-hint').getByRole('button', { name: 'Close' }).click()
  await expect(page.getByTestId('first-hint')).toHaveCount(0)
})

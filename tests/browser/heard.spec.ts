// What must not be missed, whatever dies: the worker, a tab, a stream, a sign-in.
import type { Page } from '@playwright/test'
import {
  badge,
  banner,
  expect,
  expectLive,
  item,
  openLive,
  setFocused,
  test,
  titles,
  withoutSharedWorker,
} from './support/test'

const crash = async (page: Page) => {
  const session = await page.context().newCDPSession(page)
  // Resolves never: there is nobody left to answer.
  void session.send('Page.crash').catch(() => undefined)
  await page.waitForEvent('crash')
}

test('a tab that crashes and takes the shared worker with it leaves the others live', async ({
  context,
  hub,
}) => {
  const [first, second] = [await context.newPage(), await context.newPage()]
  await openLive(first, hub.url)
  await openLive(second, hub.url)
  await crash(first)
  await hub.publish('after the crash')
  await expect(item(second, 'after the crash')).toBeVisible({ timeout: 10_000 })
  await expectLive(second)
  expect(await hub.streams()).toBe(1)
})

test('without a shared worker one tab serves the others, and its place is taken when it goes', async ({
  context,
  hub,
}) => {
  const tabs = []
  for (let index = 0; index < 8; index++) {
    const tab = await context.newPage()
    await withoutSharedWorker(tab)
    await openLive(tab, hub.url)
    tabs.push(tab)
  }
  expect(await hub.streams()).toBe(1)
  await tabs[0].close()
  await hub.publish('under a new host')
  for (const tab of tabs.slice(1)) {
    await expect(item(tab, 'under a new host')).toBeVisible({ timeout: 10_000 })
  }
  await crash(tabs[1])
  await hub.publish('under a third')
  for (const tab of tabs.slice(2)) {
    await expect(item(tab, 'under a third')).toBeVisible({ timeout: 10_000 })
  }
  expect(await hub.streams()).toBe(1)
})

test('the network coming back is a new stream at once', async ({ page, hub, gateway }) => {
  await openLive(page, gateway.url)
  gateway.mood = 'silent'
  await hub.publish('on the way')
  gateway.mood = 'honest'
  const before = gateway.streamQueries.length
  await page.evaluate(() => window.dispatchEvent(new Event('online')))
  await expect.poll(() => gateway.streamQueries.length).toBe(before + 1)
  await expect(item(page, 'on the way')).toBeVisible()
})

test('who was signed out is told so, and not that all will come', async ({ page, gateway }) => {
  await openLive(page, gateway.url)
  gateway.mood = 'sign in'
  gateway.cutStreams()
  await expect(badge(page)).toHaveAttribute('data-state', 'signed-out', { timeout: 15_000 })
  await expect(banner(page)).toContainText('You have been signed out')
  await expect(banner(page).getByRole('button', { name: 'Reload the page' })).toBeVisible()
  await expect(page).toHaveTitle(/^⚠/)
  gateway.mood = 'honest'
  await expectLive(page)
})

test('a list that was emptied from above still has what is older', async ({ context, hub }) => {
  for (let index = 0; index < 130; index++) await hub.publish(`item ${index}.`)
  const page = await context.newPage()
  await openLive(page, hub.url)
  const newest = (await hub.list()).slice(0, 100)
  for (const { id } of newest) await hub.remove(id)
  await expect(item(page, 'item 29.')).toBeVisible()
  const late = await context.newPage()
  await openLive(late, hub.url)
  await expect(item(late, 'item 29.')).toBeVisible()
})

test('what polling found stays in order when the stream is back', async ({
  page,
  hub,
  gateway,
}) => {
  await hub.publish('before')
  await openLive(page, gateway.url)
  gateway.blocksStreams = true
  gateway.cutStreams()
  await hub.publishMany(120, (index) => `gap ${index}.`)
  await expect(item(page, 'gap 119.')).toBeVisible({ timeout: 20_000 })
  gateway.blocksStreams = false
  await expectLive(page)
  await hub.publish('after')
  await expect(titles(page).first()).toHaveText('after')
  await expect(titles(page).nth(1)).toHaveText('gap 119.')
})

test('what a search hides and yet rings is counted', async ({ page, hub }) => {
  await openLive(page, `${hub.url}?q=nothing`)
  await setFocused(page, false)
  await hub.publish({ message: 'broken', state: 'failed' })
  await expect(page).toHaveTitle(/✕1/)
  await expect(page.getByText('1 outside this search')).toBeVisible()
})

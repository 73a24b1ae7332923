// Messages written by somebody who means ill, or whose script has gone wrong: nothing in them runs, and
// nothing in them breaks the page.
import type { Page } from '@playwright/test'
import { expect, item, items, openLive, test } from './support/test'

const attacked = (page: Page) =>
  page.evaluate(() => (window as unknown as { attacked?: boolean }).attacked ?? false)
const overflows = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)

const markup = [
  '<img src=x onerror="window.attacked=true">',
  '<script>window.attacked=true</script>',
  '<svg/onload=window.attacked=true>',
  '"><iframe srcdoc="<script>parent.attacked=true</script>"></iframe>',
  '<a href="javascript:window.attacked=true">click me</a>',
  '{{ constructor.constructor("window.attacked=true")() }}',
  '<style>*{display:none!important}</style>',
]

test('markup is shown as the text that it is', async ({ page, hub }) => {
  for (const text of markup)
    await hub.publish({ message: text, title: text, tags: [text.slice(0, 64)] })
  await openLive(page, hub.url)
  await expect(items(page)).toHaveCount(markup.length)
  await expect(items(page).locator('.message-text')).toHaveText([...markup].reverse())
  await expect(items(page).locator('img, script, iframe, style, .message-text a')).toHaveCount(0)
  expect(await attacked(page)).toBe(false)
})

test('only web addresses become links', async ({ page, hub }) => {
  // The server refuses such links; a page must not depend on it.
  const hostile = {
    id: 'hostile',
    message: 'javascript:window.attacked=true data:text/html,<script> https://good.example/',
    timestamp: new Date().toISOString(),
    link: 'javascript:window.attacked=true',
  }
  await page.route('**/api/notifications?*', (route) => route.fulfill({ json: [hostile] }))
  await openLive(page, `${hub.url}?q=x`)
  const hrefs = await item(page, 'javascript:')
    .locator('a')
    .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href))
  expect(hrefs).toEqual(['https://good.example/'])
})

test('4,096 characters without a space fit on the narrowest screen', async ({ page, hub }) => {
  await page.setViewportSize({ width: 320, height: 640 })
  await hub.publish({ message: 'x'.repeat(4_096), title: 'T'.repeat(256), tags: ['t'.repeat(64)] })
  await openLive(page, hub.url)
  await expect(items(page)).toHaveCount(1)
  expect(await overflows(page)).toBe(false)
  await page.getByRole('button', { name: 'Show more' }).click()
  await expect(page.getByRole('button', { name: 'Show less' })).toBeVisible()
  expect(await overflows(page)).toBe(false)
})

test('right-to-left text and direction marks stay in their own item', async ({ page, hub }) => {
  await hub.publish({ message: 'مرحبا بالعالم', title: 'שלום', tags: ['ערב'] })
  await hub.publish({ message: 'left \u202e\u2066 to right', title: 'unclosed \u202e mark' })
  await openLive(page, hub.url)
  const directionOf = (text: string) =>
    item(page, text)
      .locator('.message-text')
      .evaluate((element) => getComputedStyle(element).direction)
  expect(await directionOf('مرحبا')).toBe('rtl')
  expect(await directionOf('to right')).toBe('ltr')
  await expect(item(page, 'to right').locator('time')).toHaveText('just now')
})

test('emoji, zero-width characters and control characters arrive', async ({ page, hub }) => {
  const text = '👩‍👩‍👧‍👦 done ✅ a\u200bb \u0007 \u2028 end'
  await hub.publish(text)
  await openLive(page, hub.url)
  expect(await items(page).locator('.message-text').textContent()).toBe(text)
})

test('a hundred lines are folded', async ({ page, hub }) => {
  await hub.publish(Array.from({ length: 100 }, (_, line) => `line ${line}`).join('\n'))
  await openLive(page, hub.url)
  expect((await items(page).boundingBox())!.height).toBeLessThan(320)
  await page.getByRole('button', { name: 'Show more' }).click()
  await expect.poll(async () => (await items(page).boundingBox())!.height).toBeGreaterThan(1_500)
})

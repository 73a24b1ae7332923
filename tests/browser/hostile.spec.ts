// Messages written by somebody who means ill, or whose script has gone wrong: nothing in them runs, and
// nothing in them breaks the page.
import type { Page } from '@playwright/test'
import { expect, item, items, needs, openLive, openRow, test, titles } from './support/test'

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
  '[click](javascript:window.attacked=true) ![x](x" onerror="window.attacked=true)',
  '```html\n<img src=x onerror="window.attacked=true">\n```',
  '\u001b]8;;javascript:window.attacked=true\u0007click\u001b]8;;\u0007',
]

for (const format of ['text', 'code', 'markdown'] as const) {
  test(`markup is shown as the text that it is, as ${format}`, async ({ page, hub }) => {
    for (const text of markup) {
      await hub.publish({ message: `see\n${text}`, title: text, tags: [text.slice(0, 64)], format })
    }
    await openLive(page, hub.url)
    await expect(items(page)).toHaveCount(markup.length)
    for (let index = 0; index < markup.length; index++) {
      await items(page).nth(index).locator('.row-open').click()
      await expect(items(page).nth(index).locator('.message-text')).toBeVisible()
      await expect(items(page).locator('img, script, iframe, style, .message-text a')).toHaveCount(
        0,
      )
    }
    expect(await attacked(page)).toBe(false)
  })
}

test('only web addresses and editors become links', async ({ page, hub }) => {
  // The server refuses such links; a page must not depend on it.
  const hostile = {
    id: 'hostile',
    message: 'javascript:window.attacked=true data:text/html,<script> https://good.example/',
    timestamp: new Date().toISOString(),
    link: 'javascript:window.attacked=true',
    state: 'failed',
    actions: [
      { label: 'run', url: 'javascript:window.attacked=true' },
      { label: 'read', url: 'file:///etc/passwd' },
      { label: 'edit', url: 'vscode://file/a.rs' },
      { label: 7, url: 'https://not-a-label.example/' },
    ],
  }
  await page.route('**/api/notifications?*', (route) => route.fulfill({ json: [hostile] }))
  await openLive(page, `${hub.url}?q=x`)
  // What does not hold the search by itself is not shown; this does.
  await hub.publish('x')
  await page.goto(`${hub.url}?q=javascript`)
  const row = await openRow(page, 'javascript:')
  const hrefs = await row
    .locator('a')
    .evaluateAll((links) => [...new Set(links.map((link) => (link as HTMLAnchorElement).href))])
  expect(hrefs.sort()).toEqual(['https://good.example/', 'vscode://file/a.rs'])
})

test('4,096 characters without a space fit on the narrowest screen', async ({ page, hub }) => {
  await page.setViewportSize({ width: 320, height: 640 })
  await hub.publish({ message: 'x'.repeat(4_096), title: 'T'.repeat(256), tags: ['t'.repeat(64)] })
  await hub.publish({ message: 'y'.repeat(4_096), state: 'waiting', source: 's'.repeat(64) })
  await openLive(page, hub.url)
  await expect(needs(page)).toHaveCount(1)
  expect(await overflows(page)).toBe(false)
  await openRow(page, 'TTTT')
  expect(await overflows(page)).toBe(false)
})

test('right-to-left text and direction marks stay in their own item', async ({ page, hub }) => {
  await hub.publish({ message: 'مرحبا بالعالم', title: 'שלום', tags: ['ערב'] })
  await hub.publish({ message: 'left \u202e\u2066 to right', title: 'unclosed \u202e mark' })
  await openLive(page, hub.url)
  const directionOf = async (text: string) => {
    const row = await openRow(page, text)
    return row.locator('.message-prose').evaluate((element) => getComputedStyle(element).direction)
  }
  expect(await directionOf('שלום')).toBe('rtl')
  expect(await directionOf('unclosed')).toBe('ltr')
  await expect(item(page, 'unclosed').locator('.row time')).toHaveText('now')
})

test('emoji and zero-width characters arrive, control characters do not', async ({ page, hub }) => {
  const text = '👩‍👩‍👧‍👦 done ✅ a\u200bb \u2028 end'
  await hub.publish(`${text}\u0007`)
  await openLive(page, hub.url)
  expect(await titles(page).textContent()).toBe(text)
})

test('the colours of a terminal are colours, and its commands are dropped', async ({
  page,
  hub,
}) => {
  await hub.publish({
    title: 'make',
    message: '\u001b[32mok\u001b[0m  server\n\u001b[31mFAILED\u001b[0m\u001b[2J\u001b[10;10H sdk',
  })
  await openLive(page, hub.url)
  const row = await openRow(page, 'make')
  await expect(row.locator('.ansi-2')).toHaveText('ok')
  await expect(row.locator('.ansi-1')).toHaveText('FAILED')
  expect((await row.locator('pre').innerText()).trim()).toBe('ok  server\nFAILED sdk')
})

test('the output of a failure is folded to the lines that matter', async ({ page, hub }) => {
  const lines = Array.from({ length: 60 }, (_, line) => `    at step${line} (x.ts:${line})`)
  lines[30] = 'TypeError: nothing is not a function'
  await hub.publish({ title: 'npm test', message: lines.join('\n'), state: 'failed' })
  await openLive(page, hub.url)
  await expect(item(page, 'npm test').locator('.row-gist')).toHaveText(lines[30])
  const row = await openRow(page, 'npm test')
  await expect(row.locator('pre')).toContainText('step0 ')
  await expect(row.locator('pre')).toContainText('TypeError')
  await expect(row.locator('pre')).toContainText('step59 ')
  await expect(row.locator('pre')).not.toContainText('step40 ')
  await row.getByRole('button', { name: /more lines/ }).click()
  await expect(row.locator('pre')).toContainText('step40 ')
})

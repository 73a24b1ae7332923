// The page's figures in docs/BENCHMARKS.md: how soon it shows something, how soon it shows what was sent, what it needs
// when nothing happens, and how large it is. No test: it runs only on request, with `make measure-page`, on a machine that
// does nothing else, and writes its section into that document.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from '@playwright/test'
import { fillWithDay } from './support/day'
import { watchPainted } from './support/painted'
import { expect, item, items, needs, openLive, scroller, test } from './support/test'
import type { Hub } from './support/hub'

const document = new URL('../../docs/BENCHMARKS.md', import.meta.url).pathname
const dist = new URL('../../frontend/dist/', import.meta.url).pathname
const beginning = '<!-- The page: written by `make measure-page`; do not edit. -->\n'
const end = '<!-- End of the page. -->\n'

const coldLoads = 15
const posts = 50
/** Until a new window has loaded what Chromium itself shows in it, which takes a third of a second of CPU. */
const windowRestMs = 1_500
/** A whole minute: what happens once a minute is in it. The figure is of a third of it. */
const idleMs = 60_000
/** Until what a page needed for loading has been tidied up, by the page and by the browser. */
const tidyMs = 40_000
const figureMs = 20_000

type Figure = [what: string, value: string, promised: string]
const figures: Figure[] = []

test.describe.configure({ mode: 'serial' })
test.use({ hubOptions: ['--store', 'memory', '--max-notifications', '10000'] })

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
}

const ms = (value: number) => `${value.toFixed(0)} ms`

test('how soon the first item is there', async ({ browser, hub }) => {
  test.setTimeout(180_000)
  await fillWithDay(hub)
  const { paint, first } = await medianLoad(browser, hub, windowRestMs)
  const atOnce = await medianLoad(browser, hub, 0)
  figures.push(
    ['first paint, nothing cached', ms(paint), ''],
    ['first notification painted, nothing cached', ms(first), '350 ms'],
    ['the same, while Chromium is still opening the window', ms(atOnce.first), ''],
  )
})

interface ColdLoad {
  paint: number
  first: number
}

async function medianLoad(browser: Browser, hub: Hub, restMs: number): Promise<ColdLoad> {
  const loads: ColdLoad[] = []
  for (let round = 0; round < coldLoads; round++) loads.push(await coldLoad(browser, hub, restMs))
  const median = (of: (load: ColdLoad) => number) => quantile(loads.map(of), 0.5)
  return { paint: median(({ paint }) => paint), first: median(({ first }) => first) }
}

/** A context of its own has nothing in its cache. */
async function coldLoad(browser: Browser, hub: Hub, restMs: number): Promise<ColdLoad> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await watchPainted(page)
  await page.waitForTimeout(restMs)
  await page.goto(hub.url)
  await page.waitForFunction(() => Object.values(window.painted).some((atMs) => atMs > 0))
  const times = await page.evaluate(() => ({
    paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
    first:
      Math.min(...Object.values(window.painted).filter((atMs) => atMs > 0)) -
      performance.timeOrigin,
  }))
  await context.close()
  return times
}

test('how soon it shows what was sent', async ({ page, hub }) => {
  test.setTimeout(120_000)
  await watchPainted(page)
  await openLive(page, hub.url)
  const durations: number[] = []
  for (let round = 0; round < posts; round++) {
    const message = `round ${round}.`
    const startedMs = Date.now()
    await hub.publish(message)
    const painted = await page.waitForFunction((text) => window.painted[text], message)
    durations.push((await painted.jsonValue()) - startedMs)
    await page.waitForTimeout(400)
  }
  figures.push(
    ['from the post to the painted row, median', ms(quantile(durations, 0.5)), '30 ms'],
    ['the same, 95 of 100', ms(quantile(durations, 0.95)), '70 ms'],
  )
})

test('what it needs soon after loading, beside an empty tab', async ({ browser, hub }) => {
  test.setTimeout(120_000)
  await fillWithDay(hub)
  for (const [what, url] of [
    ['a day', hub.url],
    ['an empty tab', 'about:blank'],
  ] as const) {
    const page = await browser.newPage()
    await page.goto(url)
    await page.waitForTimeout(10_000)
    const used = ms(await usedIn(page, figureMs))
    figures.push([`CPU from 10 s after opening until 30 s after: ${what}`, used, ''])
    await page.close()
  }
})

test('what it needs when nothing happens: a long list', async ({ page, hub }) => {
  test.setTimeout(180_000)
  await publishAll(hub, 1_000)
  await openLive(page, hub.url)
  for (let reached = 0; reached < 1_000;) {
    await scroller(page).evaluate((box) => box.scrollTo({ top: box.scrollHeight }))
    reached = await page.evaluate(() =>
      Number(
        window.document.querySelector('.feed-items > :last-child')?.getAttribute('data-index'),
      ),
    )
  }
  await scroller(page).evaluate((box) => box.scrollTo({ top: 0 }))
  await figureOfIdle(page, '1,000 rows')
})

test('what it needs when nothing happens: a day', async ({ page, hub }) => {
  test.setTimeout(180_000)
  await fillWithDay(hub)
  await openLive(page, hub.url)
  await expect(needs(page)).toHaveCount(5)
  await figureOfIdle(page, 'five that wait, three that run, and 58 rows')
})

async function figureOfIdle(page: Page, what: string): Promise<void> {
  await page.waitForTimeout(tidyMs)
  const used = (await usedIn(page, idleMs)) * (figureMs / idleMs)
  figures.push([`CPU in ${figureMs / 1_000} s without news: ${what}`, ms(used), '20 ms'])
}

/** What all renderers that were there all the while need: the browser keeps one ready for a page to come. */
async function usedIn(page: Page, durationMs: number): Promise<number> {
  const before = await rendererMs(page)
  await page.waitForTimeout(durationMs)
  return [...(await rendererMs(page))].reduce(
    (sum, [id, cpuMs]) => sum + (before.has(id) ? cpuMs - before.get(id)! : 0),
    0,
  )
}

/** What each process that shows pages has used of the CPU so far, the worker included. */
async function rendererMs(page: Page): Promise<Map<number, number>> {
  const session = await page.context().browser()!.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const renderers = processInfo.filter(({ type }) => type === 'renderer')
  return new Map(renderers.map(({ id, cpuTime }) => [id, cpuTime * 1_000]))
}

test('how large it grows', async ({ page, hub }) => {
  test.setTimeout(180_000)
  await openLive(page, hub.url)
  await publishAll(hub, 5_000)
  await hub.publish('the last one')
  await expect(item(page, 'the last one')).toBeVisible()
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  const mib = (usedSize / 2 ** 20).toFixed(1)
  figures.push(['heap after 5,000 notifications', `${mib} MiB`, '6 MiB'])
  expect(await items(page).count()).toBeGreaterThan(10)
})

test('how large it is', () => {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(html|js|css|svg|webmanifest)$/.test(name),
  )
  const sizes = files.map((name) => gzipSync(readFileSync(join(dist, name)), { level: 9 }).length)
  const sum = sizes.reduce((total, size) => total + size, 0)
  figures.push([
    `all of its ${files.length} files, gzipped`,
    `${(sum / 1024).toFixed(1)} KiB`,
    '110 KiB',
  ])
})

test('the section is written', () => {
  const built = statSync(join(dist, 'index.html')).mtime.toISOString().slice(0, 10)
  const rows = figures.map(([what, value, promised]) => `| ${what} | ${value} | ${promised} |`)
  const section = [
    beginning,
    '## The page\n\n',
    `Built on ${built}, in Chromium without a GPU, hub and browser on one machine; medians of ${coldLoads} loads ` +
      `and ${posts} posts. To repeat it: \`make measure-page\`. What the figures are of: ` +
      '[decision 71](decisions/0071-what-the-pages-figures-are-of.md).\n\n',
    '| what | measured | promised at most |\n|---|---|---|\n',
    rows.join('\n'),
    '\n\n',
    end,
  ].join('')
  const text = readFileSync(document, 'utf8')
  const [from, to] = [text.indexOf(beginning), text.indexOf(end)]
  const notes = text.indexOf('## What these numbers do not say')
  const written =
    from < 0
      ? `${text.slice(0, notes)}${section}\n${text.slice(notes)}`
      : text.slice(0, from) + section + text.slice(to + end.length)
  writeFileSync(document, written)
  console.log(rows.join('\n'))
})

async function publishAll(hub: Hub, count: number): Promise<void> {
  for (let round = 0; round < count / 10; round++) {
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        hub.publish({ title: `${round} ${index}.`, message: 'lorem ipsum', source: `p${index}` }),
      ),
    )
  }
}

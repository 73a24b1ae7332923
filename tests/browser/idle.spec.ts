// A page that is open all day must cost nothing while nothing happens: no animation runs, and a tick of the clock at which
// no text changes changes nothing in the document. Counted, not timed; `make measure-page` has the milliseconds.
import type { Page } from '@playwright/test'
import { fillWithDay } from './support/day'
import { expect, item, needs, openLive, setHidden, test } from './support/test'

const endless = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    document
      .getAnimations()
      .filter((one) => one.effect?.getComputedTiming().endTime === Infinity)
      .map((one) => (one as CSSAnimation).animationName),
  )

/** What changes in the document from now on. */
const watchChanges = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const changes: string[] = []
    Object.assign(window, { changes })
    new MutationObserver((records) =>
      changes.push(...records.map(({ target }) => target.parentElement?.className ?? 'document')),
    ).observe(document, {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    })
  })
const changes = (page: Page): Promise<string[]> =>
  page.evaluate(() => (window as unknown as { changes: string[] }).changes)

/** How many frames are drawn meanwhile, on all pages that are open. */
async function framesOf(page: Page, act: () => Promise<void>): Promise<number> {
  const session = await page.context().browser()!.newBrowserCDPSession()
  let frames = 0
  session.on('Tracing.dataCollected', ({ value }) => {
    frames += value.filter(({ name }) => name === 'MainFrame.Draw').length
  })
  const isOver = new Promise((resolve) => session.on('Tracing.tracingComplete', resolve))
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['cc'] },
  })
  await act()
  await session.send('Tracing.end')
  await isOver
  await session.detach()
  return frames
}

/** In steps, so that the worker, whose clock is the real one, can answer in between: if it is not kept from it (`@alone`). */
async function pass(page: Page, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 2) await page.clock.runFor(2_000)
}

test('nothing moves for ever, whoever waits and whatever runs', async ({ page, hub }) => {
  await fillWithDay(hub)
  for (const address of [hub.url, `${hub.url}?wall`]) {
    await openLive(page, address)
    await expect(page.locator('.need, .wc.w')).toHaveCount(5)
    expect(await endless(page), address).toEqual([])
  }
})

test('what has waited for long is pointed at without being drawn frame by frame', async ({
  page,
  hub,
}) => {
  await page.clock.install()
  await hub.publish({ message: 'a question', state: 'waiting' })
  await openLive(page, hub.url)
  await expect(needs(page)).toHaveCount(1)
  const mark = needs(page).locator('.pulse')
  await expect(mark).toHaveCount(0)
  const frames = await framesOf(page, async () => {
    await page.clock.fastForward('31:00')
    await expect(mark).toHaveCSS('visibility', 'visible')
    await expect(mark).toHaveCSS('visibility', 'hidden')
  })
  // It is seen for 1.2 s, which would be 72 frames, besides those of the badge that tells of the clock's leap.
  expect(frames).toBeGreaterThan(0)
  expect(frames).toBeLessThan(60)
})

test('a tick of the clock draws only what it changes', { tag: '@alone' }, async ({ page, hub }) => {
  await page.clock.install()
  await hub.publish({ message: 'a question', state: 'waiting', source: 'one' })
  await hub.publish({ message: 'a build', state: 'running', source: 'two' })
  await hub.publish({ message: 'a row', source: 'three' })
  await openLive(page, hub.url)
  await expect(item(page, 'a row').locator('time')).toHaveText('now')
  // Past the first minute, wherever in its 15 s the clock was, and what has just come has been looked at.
  await pass(page, 76)
  await expect(item(page, 'a row').locator('time')).toHaveText('1 min')
  await watchChanges(page)
  await pass(page, 30)
  expect(await changes(page)).toEqual([])
  await pass(page, 30)
  await expect(item(page, 'a row').locator('time')).toHaveText('2 min')
  await expect(needs(page).locator('.t')).toHaveText('2 min')
})

const unseen = 'a page that nobody can see does not tick, and is right when it is seen again'
test(unseen, { tag: '@alone' }, async ({ page, hub }) => {
  await page.clock.install()
  await hub.publish({ message: 'a row' })
  await openLive(page, hub.url)
  await expect(item(page, 'a row').locator('time')).toHaveText('now')
  await setHidden(page, true)
  await pass(page, 5 * 60)
  await expect(item(page, 'a row').locator('time')).toHaveText('now')
  await setHidden(page, false)
  await expect(item(page, 'a row').locator('time')).toHaveText('5 min')
})

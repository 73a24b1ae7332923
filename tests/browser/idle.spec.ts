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

test('a tick of the clock draws only what it changes', { tag: '@alone' }, async ({ page, hub }) => {
  await page.clock.install()
  await hub.publish({ message: 'a question', state: 'waiting', source: 'one' })
  await hub.publish({ message: 'a build', state: 'running', source: 'two' })
  await hub.publish({ message: 'a row', source: 'three' })
  await openLive(page, hub.url)
  await expect(item(page, 'a row').locator('time')).toHaveText('now')
  // Past the first minute, and what has just come has been looked at.
  await pass(page, 70)
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

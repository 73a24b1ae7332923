// How the page starts: what is on the screen comes first, and what is only needed later waits for it. Counted, not timed;
// `make measure-page` has the milliseconds.
import { fillWithDay } from './support/day'
import { expect, items, needs, openLive, test } from './support/test'

declare global {
  interface Window {
    /** How many rows the page had when its service worker was registered. */
    rowsBefore: number[]
    /** How many rows were in the document after each time it was drawn. */
    drawn: number[]
  }
}

test('the service worker, which loads every file once more, waits for the rows', async ({
  page,
  hub,
}) => {
  await fillWithDay(hub)
  await page.addInitScript(() => {
    window.rowsBefore = []
    const { register } = ServiceWorkerContainer.prototype
    ServiceWorkerContainer.prototype.register = function (...words) {
      window.rowsBefore.push(document.querySelectorAll('article').length)
      return register.apply(this, words)
    }
  })
  await openLive(page, hub.url)
  await page.evaluate(() => navigator.serviceWorker.ready)
  const rowsBefore = await page.evaluate(() => window.rowsBefore)
  expect(rowsBefore).toHaveLength(1)
  expect(rowsBefore[0]).toBeGreaterThan(10)
})

test('draws at first the rows that can be seen, and those beyond the screen after them', async ({
  page,
  hub,
}) => {
  await fillWithDay(hub)
  await page.addInitScript(() => {
    window.drawn = []
    new MutationObserver(() => {
      const count = document.querySelectorAll('article.row-box').length
      if (count > 0) window.drawn.push(count)
    }).observe(document, { childList: true, subtree: true })
  })
  await openLive(page, hub.url)
  await expect(needs(page)).toHaveCount(5)
  const seen = await items(page).evaluateAll(
    (rows) => rows.filter((row) => row.getBoundingClientRect().top < window.innerHeight).length,
  )
  expect(seen).toBeGreaterThan(5)
  const [first] = await page.evaluate(() => window.drawn)
  expect(first).toBeLessThanOrEqual(seen + 1)
  // And some more below the screen once these are drawn, so that scrolling finds them there.
  await expect.poll(() => items(page).count()).toBeGreaterThan(seen + 5)
})

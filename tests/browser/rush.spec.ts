// A rush of notifications, as from a script in a loop: the page keeps up, and everything is there.
import { expect, item, openLive, test, titles } from './support/test'

test(
  'hundreds in a row are on the screen in the moment they are sent',
  { tag: '@alone' },
  async ({ page, hub }) => {
    await openLive(page, hub.url)
    await hub.publishMany(400, (index) => `rush ${index}.`)
    const sentMs = Date.now()
    await expect(item(page, 'rush 399.')).toBeVisible()
    const behindMs = Date.now() - sentMs
    console.log(`after a rush of 400 the page was ${behindMs} ms behind`)
    expect(behindMs).toBeLessThan(1_500)
    const shown = await titles(page).allTextContents()
    const stored = (await hub.list()).map(({ message }) => message)
    expect(shown).toEqual(stored.slice(0, shown.length))
  },
)

test('5,000 notifications leave the page small', { tag: '@alone' }, async ({ page, hub }) => {
  await openLive(page, hub.url)
  for (let round = 0; round < 500; round++) {
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        hub.publish({ title: `${round} ${index}.`, message: 'lorem ipsum', source: `p${index}` }),
      ),
    )
  }
  await hub.publish('the last one')
  await expect(item(page, 'the last one')).toBeVisible()
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  console.log(`after 5,000 notifications the heap is ${(usedSize / 2 ** 20).toFixed(1)} MiB`)
  expect(usedSize).toBeLessThan(6 * 2 ** 20)
})

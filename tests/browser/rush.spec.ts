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

// What the page does outside of itself: it speaks, keeps the screen of a wall awake, sets the badge of an installed page,
// and a wall reloads by itself. The browser's own parts are played by the test, which notes what is asked of them.
import type { Page } from '@playwright/test'
import { chooseInMenu, expect, needs, openLive, setFocused, setHidden, test } from './support/test'

const noted = (page: Page): Promise<string[]> =>
  page.evaluate(() => (window as unknown as { noted: string[] }).noted)

test.beforeEach(async ({ context }) => {
  await context.addInitScript(() => {
    const noted: string[] = []
    Object.assign(window, { noted })
    const define = (owner: object, name: string, value: unknown) =>
      Object.defineProperty(owner, name, { configurable: true, value })
    speechSynthesis.speak = (utterance) => {
      noted.push(`say ${utterance.lang}: ${utterance.text}`)
      setTimeout(() => utterance.dispatchEvent(new Event('start')))
      setTimeout(() => utterance.dispatchEvent(new Event('end')))
    }
    define(navigator, 'setAppBadge', (count: number) => {
      noted.push(`badge ${count}`)
      return Promise.resolve()
    })
    define(navigator, 'wakeLock', {
      request: () => {
        noted.push('awake')
        return Promise.resolve({
          release: () => {
            noted.push('released')
            return Promise.resolve()
          },
        })
      },
    })
  })
})

test('says who needs you, where that was chosen', async ({ page, hub }) => {
  await openLive(page, hub.url)
  await page.mouse.click(2, 700)
  await chooseInMenu(page, 'Settings')
  await page.getByRole('combobox', { name: 'Needs you, Elsewhere' }).selectOption('Say')
  await page.keyboard.press('Escape')
  const before = (await noted(page)).filter((note) => note.startsWith('say')).length
  await setFocused(page, false)
  await hub.publish({
    message: 'Which one?',
    state: 'waiting',
    source: 'checkout-api',
    actor: 'claude',
  })
  await expect
    .poll(async () => (await noted(page)).filter((note) => note.startsWith('say')).slice(before))
    .toEqual([expect.stringContaining('checkout-api, claude')])
})

test('the badge of an installed page counts who waits, and goes with them', async ({
  page,
  hub,
}) => {
  await openLive(page, hub.url)
  await hub.publish({ message: 'one', state: 'waiting', key: 'a' })
  await hub.publish({ message: 'two', state: 'waiting', key: 'b' })
  await expect(needs(page)).toHaveCount(2)
  await expect.poll(async () => (await noted(page)).at(-1)).toBe('badge 2')
  await hub.clear()
  await expect.poll(async () => (await noted(page)).at(-1)).toBe('badge 0')
})

test('a wall keeps its screen awake, again after it was hidden, and lets go of it', async ({
  page,
  hub,
}) => {
  const awake = async () => (await noted(page)).filter((note) => !note.startsWith('badge'))
  await openLive(page, `${hub.url}?wall`)
  await expect.poll(awake).toEqual(['awake'])
  await setHidden(page, true)
  await setHidden(page, false)
  await expect.poll(awake).toEqual(['awake', 'awake'])
  await page.keyboard.press('w')
  await expect.poll(awake).toEqual(['awake', 'awake', 'released'])
})

test('a wall reloads by itself after an update, and the desk does not', async ({
  context,
  gateway,
}) => {
  const [wall, desk] = [await context.newPage(), await context.newPage()]
  await openLive(wall, `${gateway.url}?wall`)
  await openLive(desk, gateway.url)
  for (const page of [wall, desk]) await page.evaluate('window.isOld = true')
  gateway.pretendedVersion = '99.0.0'
  gateway.cutStreams()
  await expect.poll(() => wall.evaluate('window.isOld').catch(() => true)).toBeUndefined()
  expect(await desk.evaluate('window.isOld')).toBe(true)
})

test('the scrollbar of a dialog does not close it, and the ground beside it does', async ({
  page,
  hub,
}) => {
  await page.setViewportSize({ width: 1000, height: 360 })
  await openLive(page, hub.url)
  await chooseInMenu(page, 'Settings')
  const dialog = page.getByRole('dialog')
  const box = (await dialog.boundingBox())!
  await page.mouse.click(box.x + box.width - 4, box.y + box.height / 2)
  await expect(dialog).toBeVisible()
  await page.mouse.click(box.x - 20, box.y + 50)
  await expect(dialog).toBeHidden()
})

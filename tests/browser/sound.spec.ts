// When the page sounds, and when it does not. The sounds themselves are counted where they leave for the
// loudspeaker.
import type { Page } from '@playwright/test'
import { expect, item, openLive, setHidden, test, withoutSharedWorker } from './support/test'

const hint = (page: Page) => page.getByTestId('sound-hint')
const sounds = (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as { soundsPlayed: number }).soundsPlayed)
const allSounds = async (pages: Page[]): Promise<number> =>
  (await Promise.all(pages.map(sounds))).reduce((sum, count) => sum + count, 0)
const unblock = (page: Page) => page.locator('body').click({ position: { x: 5, y: 400 } })

/** Looks into the page without touching it: Playwright's own ways count as a click, and unblock sound. */
async function looker(page: Page): Promise<(expression: string) => Promise<unknown>> {
  const session = await page.context().newCDPSession(page)
  return async (expression) => {
    const answer = await session.send('Runtime.evaluate', { expression, returnByValue: true })
    return answer.result.value
  }
}

test.beforeEach(async ({ context }) => {
  await context.addInitScript(() => {
    const counted = window as unknown as { soundsPlayed: number; alertsTried: number }
    counted.soundsPlayed = 0
    counted.alertsTried = -1 // the first try is the one on load
    const resume = AudioContext.prototype.resume
    AudioContext.prototype.resume = function () {
      counted.alertsTried += 1
      return resume.apply(this)
    }
    const start = AudioBufferSourceNode.prototype.start
    AudioBufferSourceNode.prototype.start = function (...when) {
      counted.soundsPlayed += 1
      return start.apply(this, when)
    }
  })
})

test('is blocked before a first click, with a hint and a mark, and works after it', async ({
  page,
  hub,
}) => {
  await page.goto(hub.url)
  const look = await looker(page)
  await expect.poll(() => look('document.title')).toBe('🔇 NotifyHub')
  const hintText = `document.querySelector('[data-testid="sound-hint"]')?.innerText.trim()`
  expect(await look(hintText)).toBe('Sound is blocked: click anywhere')
  await hub.publish('unheard')
  await expect.poll(() => look('document.querySelectorAll("article").length')).toBe(1)
  await expect.poll(() => look('alertsTried')).toBeGreaterThan(0)
  expect(await look('soundsPlayed')).toBe(0)
  await page.mouse.click(500, 400)
  await expect.poll(() => look('document.title')).toBe('NotifyHub')
  expect(await look(hintText)).toBeUndefined()
  await hub.publish({ message: 'heard', level: 'error' })
  await expect.poll(() => look('soundsPlayed')).toBe(1)
})

test('a key unblocks it as well', async ({ page, hub }) => {
  await page.goto(hub.url)
  const look = await looker(page)
  await expect.poll(() => look('document.title')).toBe('🔇 NotifyHub')
  await page.keyboard.press('j')
  await expect.poll(() => look('document.title')).toBe('NotifyHub')
})

test('rings once for a burst, and not for what was there before', async ({ page, hub }) => {
  await hub.publish('old news')
  await openLive(page, hub.url)
  await unblock(page)
  await expect(item(page, 'old news')).toBeVisible()
  await Promise.all(Array.from({ length: 15 }, (_, index) => hub.publish(`burst ${index}`)))
  await expect.poll(() => sounds(page)).toBe(1)
  await expect(item(page, 'burst')).not.toHaveCount(0)
  expect(await sounds(page)).toBe(1)
})

test('sounds in one tab only, whichever has been clicked', async ({ context, hub }) => {
  const tabs = await Promise.all([context.newPage(), context.newPage(), context.newPage()])
  for (const tab of tabs) await openLive(tab, hub.url)
  for (const tab of tabs) await expect(hint(tab)).toBeVisible()
  await unblock(tabs[1]!)
  // One tab that may sound is enough for all of them.
  for (const tab of tabs) await expect(hint(tab)).toBeHidden()
  await hub.publish('once')
  await expect.poll(() => allSounds(tabs)).toBe(1)
  for (const tab of tabs) await expect(item(tab, 'once')).toBeVisible()
  expect(await sounds(tabs[1]!)).toBe(1)
  expect(await allSounds(tabs)).toBe(1)
})

test('sounds once also where each tab has its own stream', async ({ context, hub }) => {
  const tabs = await Promise.all([context.newPage(), context.newPage()])
  for (const tab of tabs) {
    await withoutSharedWorker(tab)
    await openLive(tab, hub.url)
    await unblock(tab)
  }
  await setHidden(tabs[0]!, true)
  await hub.publish('once')
  await expect.poll(() => allSounds(tabs)).toBe(1)
  for (const tab of tabs) await expect(item(tab, 'once')).toBeVisible()
  await expect.poll(() => sounds(tabs[1]!)).toBe(1)
  expect(await allSounds(tabs)).toBe(1)
})

test('mute and volume are remembered, and hold in all tabs', async ({ context, hub }) => {
  const [page, other] = await Promise.all([context.newPage(), context.newPage()])
  await openLive(page, hub.url)
  await openLive(other, hub.url)
  await page.getByRole('button', { name: 'Mute sounds' }).click()
  const mute = (tab: Page) => tab.getByRole('button', { name: 'Mute sounds' })
  for (const tab of [page, other]) await expect(mute(tab)).toHaveAttribute('aria-pressed', 'true')
  // Whoever wants no sound needs no hint that it is blocked.
  await expect(hint(other)).toBeHidden()
  await hub.publish('silent')
  await expect(item(page, 'silent')).toBeVisible()
  await page.reload()
  await expect(mute(page)).toHaveAttribute('aria-pressed', 'true')
  expect(await allSounds([page, other])).toBe(0)
  await mute(page).click()
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('slider', { name: 'Volume' }).fill('0.25')
  await page.reload()
  await page.getByRole('button', { name: 'Settings' }).click()
  await expect(page.getByRole('slider', { name: 'Volume' })).toHaveValue('0.25')
})

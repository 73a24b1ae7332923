// When the page sounds, and when it does not. The sounds themselves are counted where they leave for the
// loudspeaker.
import type { Page } from '@playwright/test'
import { NextVersion } from './support/next-version'
import {
  chooseInMenu,
  expect,
  item,
  needs,
  openLive,
  setFocused,
  setHidden,
  test,
  withoutLocks,
  withoutSharedWorker,
} from './support/test'

const hint = (page: Page) => page.getByTestId('sound-hint')
const sounds = (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as { soundsPlayed: number }).soundsPlayed)
const allSounds = async (pages: Page[]): Promise<number> =>
  (await Promise.all(pages.map(sounds))).reduce((sum, count) => sum + count, 0)
const unblock = (page: Page) => page.locator('body').click({ position: { x: 2, y: 700 } })
const waits = (message: string) => ({ message, state: 'waiting' as const })
/** Longer than it takes until another tab is asked, or another host wakes up. */
const afterwards = (page: Page) => page.waitForTimeout(2_000)

/** Looks into the page without touching it: Playwright's own ways count as a click, and unblock sound. */
async function looker(page: Page): Promise<(expression: string) => Promise<unknown>> {
  const session = await page.context().newCDPSession(page)
  return async (expression) => {
    const answer = await session.send('Runtime.evaluate', { expression, returnByValue: true })
    return answer.result.value as unknown
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
  await hub.publish(waits('unheard'))
  await expect.poll(() => look('document.querySelectorAll(".need").length')).toBe(1)
  await expect.poll(() => look('alertsTried')).toBeGreaterThan(0)
  expect(await look('soundsPlayed')).toBe(0)
  await page.mouse.click(500, 400)
  await expect.poll(() => look('document.title')).toBe('‼1 – NotifyHub')
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

test('works after one click also where the device takes its time', async ({ page, hub }) => {
  await page.addInitScript(() => {
    const resume = AudioContext.prototype.resume
    AudioContext.prototype.resume = function () {
      return new Promise((resolve) => setTimeout(() => resolve(resume.apply(this)), 900))
    }
  })
  await openLive(page, hub.url)
  await expect(hint(page)).toBeVisible()
  await unblock(page)
  await expect(hint(page)).toBeHidden()
  await hub.publish(waits('heard'))
  await expect.poll(() => sounds(page)).toBe(1)
})

test('rings once for a burst, and not for what was there before', async ({ page, hub }) => {
  await hub.publish('old news')
  await openLive(page, hub.url)
  await unblock(page)
  await expect(item(page, 'old news')).toBeVisible()
  await Promise.all(Array.from({ length: 15 }, (_, index) => hub.publish(waits(`burst ${index}`))))
  await expect.poll(() => sounds(page)).toBe(1)
  await afterwards(page)
  expect(await sounds(page)).toBe(1)
})

test('sounds for what waits and what failed, and for the rest only while one is elsewhere', async ({
  page,
  hub,
}) => {
  await openLive(page, hub.url)
  await unblock(page)
  await hub.publish({ message: 'done in sight', state: 'done' })
  await expect(item(page, 'done in sight')).toBeVisible()
  await afterwards(page)
  expect(await sounds(page)).toBe(0)
  await setFocused(page, false)
  await hub.publish({ message: 'done elsewhere', state: 'done' })
  await expect.poll(() => sounds(page)).toBe(1)
})

test(
  'sounds in one tab only, whichever has been clicked',
  { tag: '@alone' },
  async ({ context, hub }) => {
    const tabs = await Promise.all([context.newPage(), context.newPage(), context.newPage()])
    for (const tab of tabs) await openLive(tab, hub.url)
    for (const tab of tabs) await expect(hint(tab)).toBeVisible()
    await unblock(tabs[1])
    // One tab that may sound is enough for all of them.
    for (const tab of tabs) await expect(hint(tab)).toBeHidden()
    await hub.publish(waits('once'))
    await expect.poll(() => allSounds(tabs)).toBe(1)
    await afterwards(tabs[0])
    expect(await sounds(tabs[1])).toBe(1)
    expect(await allSounds(tabs)).toBe(1)
  },
)

test(
  'sounds once also without a shared worker, and where each tab has its own stream',
  { tag: '@alone' },
  async ({ context, hub }) => {
    const tabs = await Promise.all([context.newPage(), context.newPage(), context.newPage()])
    for (const [index, tab] of tabs.entries()) {
      await withoutSharedWorker(tab)
      // The last one cannot take part in an election either.
      if (index === 2) await withoutLocks(tab)
      await openLive(tab, hub.url)
      await unblock(tab)
    }
    await setHidden(tabs[0], true)
    await Promise.all(Array.from({ length: 12 }, (_, index) => hub.publish(waits(`once ${index}`))))
    await expect.poll(() => allSounds(tabs)).toBeGreaterThan(0)
    await afterwards(tabs[0])
    expect(await allSounds(tabs)).toBe(1)
  },
)

test('sounds once where no tab has locks', { tag: '@alone' }, async ({ context, hub }) => {
  const tabs = await Promise.all([context.newPage(), context.newPage(), context.newPage()])
  for (const tab of tabs) {
    await withoutSharedWorker(tab)
    await withoutLocks(tab)
    await openLive(tab, hub.url)
    await unblock(tab)
  }
  for (const round of [1, 2]) {
    await hub.publish(waits(`once ${round}`))
    await expect.poll(() => allSounds(tabs)).toBe(round)
    await afterwards(tabs[0])
    expect(await allSounds(tabs)).toBe(round)
  }
})

test(
  'sounds once for tabs of two versions, each with a shared worker of its own',
  { tag: '@alone' },
  async ({ context, hub }) => {
    const proxy = await NextVersion.start(hub)
    try {
      const tabs = [await context.newPage(), await context.newPage()]
      await openLive(tabs[0], proxy.url)
      await unblock(tabs[0])
      proxy.isNewer = true
      await openLive(tabs[1], proxy.url)
      await expect(tabs[1].locator('html')).toHaveAttribute('data-version', 'newer')
      await unblock(tabs[1])
      await expect.poll(() => hub.streams()).toBe(2)
      for (const [index, message] of ['first', 'second', 'third'].entries()) {
        await hub.publish(waits(message))
        for (const tab of tabs) await expect(needs(tab).filter({ hasText: message })).toBeVisible()
        await afterwards(tabs[0])
        expect(await allSounds(tabs)).toBe(index + 1)
      }
      expect(await hub.streams()).toBe(2)
    } finally {
      await proxy.stop()
    }
  },
)

test(
  'a device that wakes up slowly still sounds, once, and sleeps again',
  { tag: '@alone' },
  async ({ page, hub }) => {
    await openLive(page, hub.url)
    await unblock(page)
    await expect(hint(page)).toBeHidden()
    await page.evaluate(() => {
      const resume = AudioContext.prototype.resume
      AudioContext.prototype.resume = function () {
        return new Promise((resolve) => setTimeout(() => resolve(resume.apply(this)), 600))
      }
      const { suspend } = AudioContext.prototype
      AudioContext.prototype.suspend = function () {
        Object.assign(window, { suspended: true })
        return suspend.apply(this)
      }
    })
    // It sleeps when it was not needed for some seconds.
    await expect.poll(() => page.evaluate('window.suspended')).toBe(true)
    await hub.publish(waits('while asleep'))
    await new Promise((resolve) => setTimeout(resolve, 75))
    await hub.publish(waits('right after'))
    await expect.poll(() => sounds(page)).toBe(1)
    await page.evaluate('window.suspended = false')
    await afterwards(page)
    expect(await sounds(page)).toBe(1)
    await expect.poll(() => page.evaluate('window.suspended')).toBe(true)
  },
)

test('a page that was away rings once when it is back, for the gravest it has missed', async ({
  page,
  hub,
  gateway,
}) => {
  await hub.publish(waits('old news'))
  await openLive(page, gateway.url)
  await unblock(page)
  gateway.mood = 'bad gateway'
  gateway.cutStreams()
  await hub.publish({ message: 'meanwhile done', state: 'done' })
  await hub.publish(waits('meanwhile waiting'))
  await hub.publish({ message: 'meanwhile done too', state: 'done' })
  await afterwards(page)
  expect(await sounds(page)).toBe(0)
  gateway.mood = 'honest'
  await expect.poll(() => sounds(page), { timeout: 10_000 }).toBe(1)
  await afterwards(page)
  expect(await sounds(page)).toBe(1)
})

test('what polling finds after a loss rings as well', async ({ page, hub, gateway }) => {
  await openLive(page, gateway.url)
  await unblock(page)
  gateway.blocksStreams = true
  await hub.publish(waits('first'))
  await expect.poll(() => sounds(page)).toBe(1)
  // Sooner it would belong to the same burst.
  await afterwards(page)
  gateway.cutStreams()
  await hub.publish(waits('found by asking'))
  await expect.poll(() => sounds(page), { timeout: 15_000 }).toBe(2)
})

test('mute and volume are remembered, and hold in all tabs', async ({ context, hub }) => {
  const [page, other] = await Promise.all([context.newPage(), context.newPage()])
  for (const tab of [page, other]) {
    await openLive(tab, hub.url)
    await unblock(tab)
  }
  const mute = (tab: Page) => tab.getByRole('button', { name: 'Mute sounds' })
  await mute(page).click()
  for (const tab of [page, other]) await expect(mute(tab)).toHaveAttribute('aria-pressed', 'true')
  await hub.publish(waits('silent'))
  await expect(page.locator('.need')).toHaveCount(1)
  await afterwards(page)
  expect(await allSounds([page, other])).toBe(0)
  await page.reload()
  await expect(mute(page)).toHaveAttribute('aria-pressed', 'true')
  // Whoever wants no sound needs no hint that it is blocked.
  await expect(hint(page)).toBeHidden()
  await mute(page).click()
  await hub.publish(waits('heard again'))
  await expect.poll(() => allSounds([page, other])).toBe(1)
  await chooseInMenu(page, 'Settings')
  await page.getByRole('slider', { name: 'Volume' }).fill('0.25')
  await page.reload()
  await chooseInMenu(page, 'Settings')
  await expect(page.getByRole('slider', { name: 'Volume' })).toHaveValue('0.25')
})

test('the table says what sounds, and a project can be muted', async ({ page, hub }) => {
  await hub.publish({ message: 'there', source: 'loud' })
  await openLive(page, hub.url)
  await unblock(page)
  await chooseInMenu(page, 'Settings')
  await page.getByRole('combobox', { name: 'Failed, While you look' }).selectOption('Off')
  await page.keyboard.press('Escape')
  await hub.publish({ message: 'failed in silence', state: 'failed' })
  await item(page, 'there').locator('.row-open').click()
  await page.keyboard.press('m')
  await hub.publish({ ...waits('asked in silence'), source: 'loud' })
  await expect(page.locator('.need')).toHaveCount(1)
  await afterwards(page)
  expect(await sounds(page)).toBe(0)
  await hub.publish(waits('asked aloud'))
  await expect.poll(() => sounds(page)).toBe(1)
})

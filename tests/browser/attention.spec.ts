// What the page does for somebody who looks elsewhere: counts, desktop notifications, the pill, what is spoken.
import type { Page } from '@playwright/test'
import {
  expect,
  item,
  items,
  needs,
  openLive,
  scroller,
  scrollTo,
  setFocused,
  setHidden,
  test,
} from './support/test'

const icon = (page: Page) => page.locator('link[rel="icon"]')
const mute = (page: Page) => page.getByRole('button', { name: 'Mute sounds' }).click()

test('who waits and what failed is counted in the title and on the icon', async ({ page, hub }) => {
  await openLive(page, hub.url)
  await mute(page)
  await setFocused(page, false)
  await hub.publish({ message: 'quiet' })
  await expect(page).toHaveTitle('1 – NotifyHub')
  await expect(icon(page)).toHaveAttribute('href', /^data:image\/svg\+xml,.*%3E1%3C/)
  await hub.publish({ message: 'broken', state: 'failed' })
  await expect(page).toHaveTitle('✕1 · 2 – NotifyHub')
  const { id } = await hub.publish({ message: 'may I?', state: 'waiting' })
  await expect(page).toHaveTitle('‼1 · ✕1 · 2 – NotifyHub')
  await expect(icon(page)).toHaveAttribute('href', /b45309/)
  await hub.remove(id)
  await setFocused(page, true)
  await expect(page).toHaveTitle('NotifyHub')
  await expect(icon(page)).toHaveAttribute('href', /favicon.*\.svg$/)
})

test('a page that is only visible ends nothing; looking at it does, in all tabs', async ({
  context,
  hub,
}) => {
  const [page, other] = await Promise.all([context.newPage(), context.newPage()])
  for (const tab of [page, other]) {
    await openLive(tab, hub.url)
    await setFocused(tab, false)
  }
  await mute(page)
  await hub.publish('unseen')
  for (const tab of [page, other]) {
    await expect(tab).toHaveTitle('1 – NotifyHub')
    await expect(item(tab, 'unseen').getByText('unread')).toBeAttached()
  }
  // Longer than a look takes.
  await page.waitForTimeout(2_500)
  for (const tab of [page, other]) await expect(tab).toHaveTitle('1 – NotifyHub')
  await setFocused(other, true)
  for (const tab of [page, other]) {
    await expect(tab).toHaveTitle('NotifyHub')
    await expect(item(tab, 'unseen').getByText('unread')).not.toBeAttached()
  }
})

test('opening one ends that it is unread, on whatever screen', async ({ page, hub }) => {
  await openLive(page, hub.url)
  await setFocused(page, false)
  await hub.publish('one')
  await expect(page).toHaveTitle('1 – NotifyHub')
  await item(page, 'one').locator('.row-open').click()
  await expect(page).toHaveTitle('NotifyHub')
})

test.describe('desktop notifications', () => {
  test.beforeEach(async ({ context }) => {
    await context.addInitScript(() => {
      const shown: FakeNotification[] = []
      class FakeNotification extends EventTarget {
        static permission = 'default'
        static requests = 0
        static requestPermission() {
          FakeNotification.requests += 1
          return Promise.resolve((FakeNotification.permission = 'granted'))
        }
        text: string
        constructor(
          title: string,
          readonly options: { body: string; tag: string; silent: boolean },
        ) {
          super()
          this.text = `${title}: ${options.body}`
          // As the system does: under a tag that is there, nothing pops up.
          if (!shown.some((other) => other.options.tag === options.tag)) shown.push(this)
        }
        close() {}
      }
      Object.assign(window, { Notification: FakeNotification, desktopShown: shown })
    })
  })
  interface Shown {
    text: string
    options: { tag: string; silent: boolean }
  }
  const shown = (page: Page) =>
    page.evaluate(() =>
      (window as unknown as { desktopShown: Shown[] }).desktopShown.map(({ text, options }) => ({
        text,
        options,
      })),
    )
  const texts = async (page: Page) => (await shown(page)).map(({ text }) => text)
  const requests = (page: Page) =>
    page.evaluate(
      () => (window as unknown as { Notification: { requests: number } }).Notification.requests,
    )

  async function allow(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'More', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Settings' }).click()
    await page.getByRole('button', { name: 'Allow desktop notifications' }).click()
    await expect(page.getByLabel('Show them')).toHaveValue('elsewhere')
    await page.keyboard.press('Escape')
  }

  test('are asked for by a button, and come for what matters while one is elsewhere', async ({
    page,
    hub,
  }) => {
    await openLive(page, hub.url)
    expect(await requests(page)).toBe(0)
    await allow(page)
    expect(await requests(page)).toBe(1)
    await hub.publish({ message: 'in plain sight', state: 'failed' })
    await expect(item(page, 'in plain sight')).toBeVisible()
    // The page is still visible, on a screen that nobody looks at.
    await setFocused(page, false)
    await hub.publish({ message: 'no matter', level: 'info' })
    await hub.publish({ title: 'Build', message: 'failed', state: 'failed', source: 'shop' })
    await expect.poll(() => texts(page)).toEqual(['Build: shop\nfailed'])
  })

  test('what gets graver pops up, and the page that sounds keeps them silent', async ({
    page,
    hub,
  }) => {
    await openLive(page, hub.url)
    await allow(page)
    await setHidden(page, true)
    const about = { source: 'shop', key: 'run 1' }
    await hub.publish({ ...about, message: 'may I?', state: 'waiting' })
    await expect.poll(() => texts(page)).toHaveLength(1)
    await hub.publish({ ...about, message: 'it broke', state: 'failed' })
    await expect.poll(() => texts(page)).toHaveLength(2)
    await hub.publish({ ...about, message: 'may I once more?', state: 'waiting' })
    await expect.poll(() => texts(page)).toHaveLength(3)
    expect((await shown(page))[0].options.silent).toBe(true)
  })

  test('a click on one opens what it is about', async ({ page, hub }) => {
    await openLive(page, hub.url)
    await allow(page)
    await setFocused(page, false)
    await hub.publish({ title: 'Build', message: 'the whole story', state: 'failed' })
    await expect.poll(() => texts(page)).toHaveLength(1)
    await page.evaluate(() =>
      (window as unknown as { desktopShown: EventTarget[] }).desktopShown[0].dispatchEvent(
        new Event('click'),
      ),
    )
    await expect(item(page, 'Build').locator('.card-detail')).toContainText('the whole story')
  })
})

test('somebody who reads further down gets a pill instead of a jump', async ({ page, hub }) => {
  await hub.publishMany(80, (index) => `older ${index}`)
  await openLive(page, hub.url)
  await expect(items(page)).not.toHaveCount(0)
  await scrollTo(page, 1_200)
  await expect(item(page, /older 79$/)).toHaveCount(0)
  // The row in the middle of the screen, once the scroll has been drawn.
  const middle = () =>
    page.evaluate(
      () => document.elementFromPoint(500, 400)?.closest<HTMLElement>('[data-id]')?.dataset.id,
    )
  await expect.poll(middle).toBeTruthy()
  const reading = page.locator(`[data-id="${await middle()}"]`)
  const place = async () => Math.round((await reading.boundingBox())!.y)
  const before = await place()
  await hub.publish('new one')
  await hub.publish({ message: 'somebody waits', state: 'waiting' })
  const pill = page.getByRole('button', { name: '2 new' })
  await expect(pill).toBeVisible()
  await expect.poll(async () => Math.abs((await place()) - before)).toBeLessThanOrEqual(2)
  await pill.click()
  await expect(item(page, 'new one')).toBeInViewport()
  await expect(needs(page)).toBeInViewport()
  await expect(pill).toBeHidden()
  expect(await scroller(page).evaluate((box) => box.scrollTop)).toBe(0)
})

test('screen readers are told politely what came in, a burst in one sentence, the same twice', async ({
  page,
  hub,
}) => {
  await openLive(page, hub.url)
  const announcer = page.getByTestId('announcer')
  await expect(announcer).toHaveAttribute('aria-live', 'polite')
  await hub.publish({ message: 'disk almost full', state: 'waiting' })
  await expect(announcer).toHaveText('New: Needs you. disk almost full')
  await page.evaluate(() => {
    const counted = window as unknown as { spoken: number }
    counted.spoken = 0
    new MutationObserver(() => (counted.spoken += 1)).observe(
      document.querySelector('[data-testid="announcer"]')!,
      { characterData: true, childList: true, subtree: true },
    )
  })
  await hub.publish({ message: 'disk almost full', state: 'waiting' })
  await expect.poll(() => page.evaluate('spoken')).toBeGreaterThan(0)
  await Promise.all([1, 2, 3].map((count) => hub.publish(`burst ${count}`)))
  await expect(announcer).toHaveText('3 new notifications')
})

test('new items come in with a movement only for those who want it, once, and never in a rush', async ({
  page,
  hub,
}) => {
  const animation = async (text: string) => {
    await hub.publish(text)
    await expect(item(page, text)).toBeVisible()
    return item(page, text).evaluate((element) => getComputedStyle(element).animationName)
  }
  await openLive(page, hub.url)
  expect(await animation('moves')).toBe('arrive')
  // Later, scrolled away and back, it does not come in once more.
  await expect(item(page, 'moves')).not.toHaveClass(/is-new/)
  await hub.publishMany(30, (index) => `rush ${index}.`)
  await expect(item(page, 'rush 29.')).toBeVisible()
  await expect(page.locator('.is-new')).toHaveCount(0)
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await expect.poll(() => animation(`still ${Date.now()}`)).toBe('none')
})

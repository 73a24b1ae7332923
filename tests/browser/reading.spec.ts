// Reading and tidying up: undo, clearing, copying, searching, older items, a long list.
import type { Page } from '@playwright/test'
import {
  chooseInMenu,
  expect,
  item,
  items,
  openLive,
  openRow,
  scroller,
  setHidden,
  test,
  titles,
  toasts,
} from './support/test'

const texts = titles
const remove = async (page: Page, text: string) => {
  await item(page, text).hover()
  await item(page, text).locator('.qa').getByRole('button', { name: 'Delete' }).click()
}

test.describe('deleting', () => {
  test('hides at once and can be undone', async ({ page, hub }) => {
    for (const text of ['one', 'two', 'three']) await hub.publish(text)
    await openLive(page, hub.url)
    await remove(page, 'two')
    await expect(texts(page)).toHaveText(['three', 'one'])
    await remove(page, 'one')
    await expect(toasts(page)).toContainText('2 notifications deleted')
    await toasts(page).getByRole('button', { name: 'Undo' }).click()
    await expect(texts(page)).toHaveText(['three', 'two', 'one'])
    await expect(toasts(page)).not.toContainText('deleted')
    expect(await hub.list()).toHaveLength(3)
  })

  test('is carried out when the time to undo is over, in every tab', async ({ context, hub }) => {
    const [page, other] = await Promise.all([context.newPage(), context.newPage()])
    await page.clock.install()
    await hub.publish('going')
    await hub.publish('staying')
    await openLive(page, hub.url)
    await openLive(other, hub.url)
    await remove(page, 'going')
    await expect(texts(page)).toHaveText(['staying'])
    await page.mouse.move(5, 5)
    expect(await hub.list()).toHaveLength(2)
    await page.clock.runFor(9_000)
    await expect.poll(async () => (await hub.list()).length).toBe(1)
    await expect(texts(other)).toHaveText(['staying'])
    await expect(toasts(page)).not.toContainText('deleted')
  })

  test('is carried out when the page is left', async ({ page, hub }) => {
    await hub.publish('going')
    await openLive(page, hub.url)
    await remove(page, 'going')
    await expect(items(page)).toHaveCount(0)
    await page.goto('about:blank')
    await expect.poll(async () => (await hub.list()).length).toBe(0)
  })

  test('is carried out when nobody sees the page any more', async ({ page, hub }) => {
    await hub.publish('going')
    await openLive(page, hub.url)
    await remove(page, 'going')
    await setHidden(page, true)
    await expect.poll(async () => (await hub.list()).length).toBe(0)
  })

  test('gives the next one its time, also when the last undo was by a key', async ({
    page,
    hub,
  }) => {
    for (const text of ['one', 'two']) await hub.publish(text)
    await page.clock.install()
    await openLive(page, hub.url)
    await remove(page, 'one')
    await toasts(page).getByText('deleted').hover()
    await page.keyboard.press('u')
    await remove(page, 'two')
    await page.mouse.move(5, 5)
    await page.clock.runFor(9_000)
    await expect.poll(async () => (await hub.list()).length).toBe(1)
    await expect(toasts(page)).not.toContainText('deleted')
  })

  test('can be of all that a search shows, with their number, and be undone', async ({
    page,
    hub,
  }) => {
    for (const text of ['keep', 'drop 1', 'drop 2', 'drop 3']) await hub.publish(text)
    await openLive(page, `${hub.url}?q=drop`)
    await expect(items(page)).toHaveCount(3)
    await chooseInMenu(page, 'Delete these 3')
    await expect(toasts(page)).toContainText('3 notifications deleted')
    await toasts(page).getByRole('button', { name: 'Undo' }).click()
    await expect(items(page)).toHaveCount(3)
    await chooseInMenu(page, 'Delete these 3')
    await page.goto('about:blank')
    await expect
      .poll(async () => (await hub.list()).map(({ message }) => message))
      .toEqual(['keep'])
  })

  test('is taken back, with the reason, when the server cannot do it', async ({ page, hub }) => {
    await hub.publish('stubborn')
    await openLive(page, hub.url)
    await page.route('**/api/notifications/*', (route) =>
      route.fulfill({ status: 503, json: { code: 'unavailable', message: 'the disk is full' } }),
    )
    await remove(page, 'stubborn')
    await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pagehide')))
    await expect(toasts(page)).toContainText(
      'Deleting failed: the hub cannot store anything at the moment',
    )
    await expect(item(page, 'stubborn')).toBeVisible()
  })
})

test.describe('on a touch screen', () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 780 } })

  test('a tap opens the row, and there is everything that can be done', async ({ page, hub }) => {
    await hub.publish('one')
    await openLive(page, hub.url)
    await item(page, 'one').locator('.row').tap()
    await expect(items(page)).toHaveCount(1)
    await item(page, 'one').locator('.card-buttons').getByRole('button', { name: 'Delete' }).tap()
    await expect(items(page)).toHaveCount(0)
  })
})

test('clearing asks first', async ({ page, hub }) => {
  await hub.publish('one')
  await openLive(page, hub.url)
  await chooseInMenu(page, 'Delete everything on the hub…')
  const dialog = page.getByRole('dialog', { name: 'Delete everything?' })
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await expect(dialog).toBeHidden()
  expect(await hub.list()).toHaveLength(1)
  await chooseInMenu(page, 'Delete everything on the hub…')
  await dialog.getByRole('button', { name: 'Delete everything' }).click()
  await expect(page.getByText('No notifications yet')).toBeVisible()
  expect(await hub.list()).toHaveLength(0)
})

test('copies title, message and link', async ({ page, hub, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await hub.publish({ title: 'Title', message: 'two\nlines', link: 'https://a.example/x' })
  await openLive(page, hub.url)
  await item(page, 'Title').hover()
  await item(page, 'Title').locator('.qa').getByRole('button', { name: 'Copy' }).click()
  const copied = () => page.evaluate(() => navigator.clipboard.readText())
  await expect.poll(copied).toBe('Title\ntwo\nlines\nhttps://a.example/x')
})

test.describe('searching and filtering', () => {
  test.beforeEach(async ({ hub }) => {
    await hub.publish({ message: 'Backup finished', level: 'success', tags: ['backup'] })
    await hub.publish({ message: 'Tests failed', level: 'error', tags: ['ci'] })
    await hub.publish({ message: 'Tests passed', level: 'success', tags: ['ci'] })
  })

  test('by words and fields, in the address', async ({ page, hub }) => {
    await openLive(page, hub.url)
    await expect(items(page)).toHaveCount(3)
    const search = page.getByRole('searchbox', { name: 'Search' })
    await search.fill('tests')
    await expect(texts(page)).toHaveText(['Tests passed', 'Tests failed'])
    await expect(page).toHaveURL(/\?q=tests$/)
    await expect(page.locator('.hits')).toHaveText('2 found')
    await search.fill('level:success tests')
    await expect(texts(page)).toHaveText(['Tests passed'])
    await expect(page).toHaveURL(/q=level%3Asuccess\+tests/)
    await page.getByRole('button', { name: 'Clear the search' }).click()
    await expect(items(page)).toHaveCount(3)
    const row = await openRow(page, 'Backup')
    await row.getByRole('button', { name: 'backup', exact: true }).click()
    await expect(texts(page)).toHaveText(['Backup finished'])
    await expect(page).toHaveURL(/q=tag%3Abackup/)
    await page.goBack()
    await expect(items(page)).toHaveCount(3)
  })

  test('a bookmarked view opens as it was, also an old one, and live items join only where they fit', async ({
    page,
    hub,
  }) => {
    await openLive(page, `${hub.url}?level=error&tag=ci`)
    await expect(texts(page)).toHaveText(['Tests failed'])
    await hub.publish({ message: 'Deploy done', level: 'success', tags: ['ci'] })
    await hub.publish({ message: 'Lint failed', level: 'error', tags: ['ci'] })
    await expect(texts(page)).toHaveText(['Lint failed', 'Tests failed'])
    await page.getByRole('button', { name: 'Clear the search' }).click()
    await expect(items(page)).toHaveCount(5)
    await expect(page).toHaveURL(hub.url)
  })

  test('finding nothing says so, and shows everything again', async ({ page, hub }) => {
    await openLive(page, `${hub.url}?q=nowhere`)
    await expect(page.getByText('Nothing found')).toBeVisible()
    await page.getByRole('button', { name: 'Show everything' }).click()
    await expect(items(page)).toHaveCount(3)
  })

  test('a search that the hub does not answer shows what is here, says so, and tries again', async ({
    page,
    hub,
  }) => {
    await openLive(page, hub.url)
    await expect(items(page)).toHaveCount(3)
    await page.route('**/api/notifications?*', (route) => route.abort())
    await page.getByRole('searchbox', { name: 'Search' }).fill('tests')
    await expect(page.getByText('The search failed: the hub cannot be reached')).toBeVisible()
    await expect(items(page)).toHaveCount(2)
    await page.unroute('**/api/notifications?*')
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect(page.getByText('The search failed')).toBeHidden()
    await expect(items(page)).toHaveCount(2)
  })
})

test('the test form sends what it says', async ({ page, hub }) => {
  await openLive(page, hub.url)
  await chooseInMenu(page, 'Send a test notification')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Message').fill('Hello\nthere')
  await dialog.getByLabel('Title').fill('A title')
  await dialog.getByLabel('Level').selectOption('Warning')
  await dialog.getByLabel('Tags').fill('one, two')
  await dialog.getByLabel('Link').fill('https://a.example/x')
  await dialog.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(dialog).toBeHidden()
  await expect(item(page, 'A title')).toHaveAttribute('data-state', 'info')
  expect((await hub.list())[0]).toMatchObject({
    message: 'Hello\nthere',
    title: 'A title',
    level: 'warning',
    tags: ['one', 'two'],
    link: 'https://a.example/x',
  })
})

test('the test form shows what the server does not like', async ({ page, hub }) => {
  await openLive(page, hub.url)
  await chooseInMenu(page, 'Send a test notification')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Tags').fill('x'.repeat(65))
  await dialog.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(dialog.getByRole('alert')).toContainText('Not sent:')
})

test('times keep themselves current and days are set apart', async ({ page, hub }) => {
  await page.clock.install()
  const now = Date.now()
  const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString()
  await hub.publish({ message: 'long ago', timestamp: '2024-03-05T10:00:00Z' })
  await hub.publish({ message: 'yesterday', timestamp: ago(24 * 60) })
  await hub.publish({ message: 'now', timestamp: ago(0) })
  await openLive(page, hub.url)
  await expect(page.locator('.day')).toHaveText(['Today', 'Yesterday', 'Tuesday, March 5, 2024'])
  await expect(item(page, 'now').locator('.row time')).toHaveText('now')
  await page.clock.fastForward(3 * 60_000 + 20_000)
  await expect(item(page, 'now').locator('.row time')).toHaveText('3 min')
})

test.describe('a long feed', () => {
  test.use({ hubOptions: ['--store', 'memory', '--max-notifications', '10000'] })

  test('loads older items as one scrolls, and keeps only a screenful in the document', async ({
    page,
    hub,
  }) => {
    await hub.publishMany(250, (index) => `item ${index}.`)
    await openLive(page, hub.url)
    await expect(item(page, 'item 249.')).toBeVisible()
    await expect
      .poll(
        async () => {
          await scroller(page).evaluate((box) =>
            box.scrollTo({ top: box.scrollHeight, behavior: 'instant' }),
          )
          return item(page, 'item 0.').count()
        },
        { timeout: 15_000 },
      )
      .toBe(1)
    await expect(page.getByText('End of history')).toBeVisible()
    expect(await items(page).count()).toBeLessThan(60)
  })

  test(
    'of 10,000 items scrolls as smoothly as one of 100',
    { tag: '@alone' },
    async ({ page, hub }) => {
      // The page's own part alone: thousands of answers from a hub would take longer than the test.
      const timestamp = new Date().toISOString()
      const all = Array.from({ length: 10_000 }, (_, index) => ({
        // Ids sort by the time of publishing, newest first.
        id: `00000000-${String(10_000 - index).padStart(5, '0')}`,
        message: `item ${index}. ${'words '.repeat(index % 40)}`,
        timestamp,
      }))
      await page.route('**/api/notifications?*', async (route) => {
        const before = new URL(route.request().url()).searchParams.get('before')
        if (!before) return route.fulfill({ json: all.slice(0, 100) })
        const from = all.findIndex(({ id }) => id === before) + 1
        return route.fulfill({ json: all.slice(from, from + 100) })
      })
      // A hub that has nothing has nothing to search.
      await hub.publish('something else')
      await openLive(page, `${hub.url}?q=item`)
      await expect(item(page, 'item 0.')).toBeVisible()
      const few = await medianFrameMs(page)

      // A page comes with each look at the end.
      await expect
        .poll(
          async () => {
            await scroller(page).evaluate((box) => box.scrollTo({ top: box.scrollHeight }))
            return scroller(page).evaluate((box) => box.scrollHeight)
          },
          { timeout: 25_000, intervals: [1] },
        )
        .toBeGreaterThan(300_000)
      const many = await medianFrameMs(page)
      console.log(
        `a scrolled frame takes ${few.toFixed(1)} ms with 100 items, ${many.toFixed(1)} ms with 10,000`,
      )
      expect(many).toBeLessThan(2 * few + 34)
      expect(await items(page).count()).toBeLessThan(60)

      await hub.publish('item that is new')
      await scroller(page).evaluate((box) => box.scrollTo({ top: 0 }))
      await expect(item(page, 'item that is new')).toBeVisible()
    },
  )
})

/** How long the browser takes for a frame in which a screenful of new items comes into view. */
function medianFrameMs(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const box = document.querySelector('.list')!
    const nextFrame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve))
    const durations: number[] = []
    let last = await nextFrame()
    for (let step = 0; step < 90; step++) {
      box.scrollTo({ top: 100 + ((step * 700) % 3_000), behavior: 'instant' })
      const now = await nextFrame()
      durations.push(now - last)
      last = now
    }
    return durations.sort((one, other) => one - other)[Math.floor(durations.length / 2)]
  })
}

// The connection gets lost in all the ways it does in real life, and the page comes back from each of them
// without having missed or doubled anything, readable all the while.
import type { Page } from '@playwright/test'
import {
  badge,
  banner,
  expect,
  expectLive,
  item,
  items,
  openLive,
  test,
  titles,
  withoutSharedWorker,
} from './support/test'

const texts = titles

/** Presses the banner's button, unless the page has come back by itself in this very moment. */
const tryNow = (page: Page) =>
  banner(page)
    .getByRole('button', { name: 'Try now' })
    .evaluateAll((buttons) => buttons.forEach((button) => (button as HTMLElement).click()))

test.describe('a server that is killed and started again', () => {
  test.use({ hubOptions: ['--store', 'sqlite'] })

  test('is missed in words, and nothing it sends later is lost', async ({ page, hub }) => {
    await hub.publish('before')
    await openLive(page, hub.url)
    await expect(badge(page)).toHaveAttribute('title', /^Live since \d/)
    await hub.kill()
    await expect(badge(page)).toHaveAttribute('data-state', 'reconnecting')
    await expect(badge(page)).toContainText(/Reconnecting\s*since \d/)
    await expect(banner(page)).toContainText(/Connection lost at \d/)
    await expect(item(page, 'before')).toBeVisible()
    await hub.start()
    await hub.publish('while the page was away')
    await expect(texts(page)).toHaveText(['while the page was away', 'before'], { timeout: 20_000 })
    await expectLive(page)
    await expect(banner(page)).toBeHidden()
    await hub.publish('after')
    await expect(texts(page)).toHaveText(['after', 'while the page was away', 'before'])
  })
})

test('an empty hub after a restart empties the page', async ({ page, hub }) => {
  await hub.publish('forgotten by a hub that keeps nothing')
  await openLive(page, hub.url)
  await expect(items(page)).toHaveCount(1)
  await hub.kill()
  await expect(banner(page)).toBeVisible()
  await hub.start()
  await tryNow(page)
  await expect(page.getByText('No notifications yet')).toBeVisible()
})

test('a proxy that answers 502 for a while is outlived', async ({ page, hub, gateway }) => {
  await hub.publish('before')
  await openLive(page, gateway.url)
  gateway.mood = 'bad gateway'
  gateway.cutStreams()
  await expect(banner(page)).toBeVisible()
  const before = gateway.streamQueries.length
  // A browser's own EventSource would have given up at the first of these.
  await expect
    .poll(() => gateway.streamQueries.length, { timeout: 15_000 })
    .toBeGreaterThan(before + 1)
  await hub.publish('during the deploy')
  gateway.mood = 'honest'
  await tryNow(page)
  await expectLive(page)
  await expect(texts(page)).toHaveText(['during the deploy', 'before'])
})

test('an event cut in the middle arrives once and whole', async ({ page, hub, gateway }) => {
  await openLive(page, gateway.url)
  const before = gateway.streamQueries.length
  gateway.cutInNextNotification()
  await hub.publish('cut in the middle')
  await expect.poll(() => gateway.streamQueries.length).toBeGreaterThan(before)
  await expectLive(page)
  await expect(texts(page)).toHaveText(['cut in the middle'])
  await hub.publish('after it')
  await expect(texts(page)).toHaveText(['after it', 'cut in the middle'])
})

test.describe('a proxy that goes silent without closing', () => {
  test.use({ hubOptions: ['--store', 'memory', '--heartbeat', '400ms'] })

  test('is noticed by the missing heartbeats', async ({ page, hub, gateway }) => {
    await openLive(page, gateway.url)
    gateway.mood = 'silent'
    await hub.publish('into the silence')
    await expect(badge(page)).toHaveAttribute('data-state', 'reconnecting')
    await expect(banner(page)).toBeVisible()
    gateway.mood = 'honest'
    await tryNow(page)
    await expectLive(page)
    await expect(texts(page)).toHaveText(['into the silence'])
  })
})

test.describe('a hub without streams', () => {
  test.use({ hubOptions: ['--store', 'memory', '--no-sse'] })

  test('is polled, and streamed from as soon as it can', async ({ page, hub }) => {
    await hub.publish('there from the start')
    await page.goto(hub.url)
    await expect(badge(page)).toHaveAttribute('data-state', 'polling')
    await expect(badge(page)).toContainText('Polling')
    await expect(banner(page)).toBeHidden()
    await expect(texts(page)).toHaveText(['there from the start'])
    const { id } = await hub.publish('found by asking')
    await expect(item(page, 'found by asking')).toBeVisible({ timeout: 12_000 })
    await hub.remove(id)
    await expect(item(page, 'found by asking')).toBeHidden({ timeout: 12_000 })
  })

  test('streams again after a restart that allows it', async ({ page, hub }) => {
    await page.goto(hub.url)
    await expect(badge(page)).toHaveAttribute('data-state', 'polling')
    await hub.restart('--store', 'memory')
    await expect(badge(page)).toHaveAttribute('data-state', 'live', { timeout: 20_000 })
    await hub.publish('streamed')
    await expect(item(page, 'streamed')).toBeVisible()
  })
})

test('a proxy that blocks only the stream leads to polling', async ({ page, hub, gateway }) => {
  gateway.blocksStreams = true
  await hub.publish('asked for')
  await page.goto(gateway.url)
  await expect(badge(page)).toHaveAttribute('data-state', 'polling')
  await expect(item(page, 'asked for')).toBeVisible()
  gateway.blocksStreams = false
  await expect(badge(page)).toHaveAttribute('data-state', 'live', { timeout: 20_000 })
})

test('a device without network is told so, and comes back with it', async ({
  page,
  hub,
  context,
}) => {
  await withoutSharedWorker(page)
  await openLive(page, hub.url)
  await hub.publish('readable')
  await expect(item(page, 'readable')).toBeVisible()
  await context.setOffline(true)
  await hub.kill()
  await expect(badge(page)).toHaveAttribute('data-state', 'offline')
  await expect(banner(page)).toContainText('no network')
  await expect(item(page, 'readable')).toBeVisible()
  await hub.start()
  await context.setOffline(false)
  await expectLive(page)
})

test('a page from the back/forward cache holds no connection there, and catches up', async ({
  page,
  hub,
}) => {
  await hub.publish('before')
  await openLive(page, hub.url)
  await expect(items(page)).toHaveCount(1)
  const transition = (type: 'pagehide' | 'pageshow') =>
    page.evaluate(
      (name) => window.dispatchEvent(new PageTransitionEvent(name, { persisted: true })),
      type,
    )
  await transition('pagehide')
  await expect.poll(() => hub.streams()).toBe(0)
  await hub.publish('meanwhile')
  await transition('pageshow')
  await expectLive(page)
  await expect(texts(page)).toHaveText(['meanwhile', 'before'])
  await hub.publish('after')
  await expect(texts(page)).toHaveText(['after', 'meanwhile', 'before'])
})

test('a page from before an update says so', async ({ page, gateway }) => {
  await openLive(page, gateway.url)
  const reload = page.getByRole('button', { name: 'Reload the page' })
  await expect(reload).toBeHidden()
  gateway.pretendedVersion = '99.0.0'
  gateway.cutStreams()
  await expect(page.getByText('The hub has been updated to 99.0.0.')).toBeVisible()
  await reload.click()
  await expectLive(page)
  await expect(reload).toBeHidden()
})

test('a browser that forbids all storage gets a page that works', async ({ page, hub }) => {
  await page.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException('forbidden', 'SecurityError')
        },
      })
    }
  })
  await withoutSharedWorker(page)
  await openLive(page, hub.url)
  await page.getByRole('button', { name: 'Mute sounds' }).click()
  await hub.publish('all the same')
  await expect(item(page, 'all the same')).toBeVisible()
})

test.describe('a hub that beats twice a second', () => {
  test.use({ hubOptions: ['--store', 'memory', '--heartbeat', '500ms'] })
  test('tells when it has lost touch with its store', async ({ page, hub, gateway }) => {
    await hub.publish('still here')
    await openLive(page, gateway.url)
    const stale = page.getByTestId('stale-banner')
    gateway.pretendedStaleMs = 12_000
    await expect(stale).toContainText('The hub has had no word from its store for 12 s')
    await expect(item(page, 'still here')).toBeVisible()
    gateway.pretendedStaleMs = 0
    await expect(stale).toBeHidden()
  })
})

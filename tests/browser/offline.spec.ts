// The page while the hub is away: it opens, shows what was last seen and says so, and is live again by itself. And it is
// never older than the hub, nor a mix of two versions.
import { Gateway } from './support/gateway'
import { NextVersion } from './support/next-version'
import { expectKept, expectSeen, keptAddresses } from './support/service-worker'
import { badge, banner, expect, expectLive, item, openLive, test, titles } from './support/test'

test.use({ hubOptions: ['--store', 'sqlite'] })

test('opens without the hub, with what was last seen, and is live again by itself', async ({
  page,
  hub,
  context,
}) => {
  await openLive(page, hub.url)
  const { id } = await hub.publish({ message: 'deleted meanwhile', state: 'waiting' })
  await hub.publish('seen before')
  await expectKept(page)
  await expectSeen(page, 'seen before')
  await page.close()
  await hub.kill()

  const later = await context.newPage()
  await later.goto(hub.url)
  await expect(item(later, 'seen before')).toBeVisible()
  await expect(later.locator('article.need')).toContainText('deleted meanwhile')
  await expect(banner(later)).toContainText(/Last seen \d/)
  await expect(banner(later)).toContainText('The hub cannot be reached')
  await expect(badge(later)).toHaveAttribute('data-state', 'reconnecting')

  await hub.start()
  await hub.remove(id)
  await hub.publish('posted meanwhile')
  await expectLive(later)
  await expect(titles(later)).toHaveText(['posted meanwhile', 'seen before'])
  await expect(later.locator('article.need')).toHaveCount(0)
  await expect(banner(later)).toBeHidden()
  await hub.publish('after')
  await expect(titles(later)).toHaveText(['after', 'posted meanwhile', 'seen before'])
})

test('a device without network opens it, too', async ({ page, hub, context }) => {
  await openLive(page, hub.url)
  await hub.publish('seen before')
  await expectKept(page)
  await expectSeen(page, 'seen before')
  await page.goto('about:blank')
  await context.setOffline(true)
  // The emulation spares the shared worker's connections, were it to reach the hub.
  await hub.kill()
  await page.goto(hub.url)
  await expect(item(page, 'seen before')).toBeVisible()
  await expect(banner(page)).toContainText(/Last seen \d/)
  await hub.start()
  await context.setOffline(false)
  await expectLive(page)
})

test('below a path, behind a proxy that answers for a hub that is away', async ({ page, hub }) => {
  const gateway = await Gateway.start(hub, '/tools/hub/')
  try {
    await openLive(page, gateway.url)
    await hub.publish('seen before')
    await expectKept(page)
    await expectSeen(page, 'seen before')
    const scope = await page.evaluate(async () => (await navigator.serviceWorker.ready).scope)
    expect(scope).toBe(gateway.url)
    await page.goto('about:blank')
    gateway.mood = 'bad gateway'
    gateway.cutStreams()
    await page.goto(gateway.url)
    await expect(item(page, 'seen before')).toBeVisible()
    await expect(banner(page)).toContainText(/Last seen \d/)
    gateway.mood = 'honest'
    await expectLive(page)
  } finally {
    await gateway.stop()
  }
})

test('a hub that says nothing is not waited for long', async ({ page, hub, gateway }) => {
  await openLive(page, gateway.url)
  await hub.publish('seen before')
  await expectKept(page)
  await expectSeen(page, 'seen before')
  await page.goto('about:blank')
  gateway.mood = 'silent'
  gateway.cutStreams()
  await page.goto(gateway.url)
  await expect(item(page, 'seen before')).toBeVisible()
  await expect(banner(page)).toContainText(/Last seen \d/)
  gateway.mood = 'honest'
})

test('who has to sign in again is not shown what was seen before', async ({
  page,
  hub,
  gateway,
}) => {
  await openLive(page, gateway.url)
  await hub.publish('seen before')
  await expectKept(page)
  await expectSeen(page, 'seen before')
  await page.goto('about:blank')
  gateway.mood = 'sign in'
  gateway.cutStreams()
  // This proxy sends on for ever; what matters is that the browser follows it.
  await expect(page.goto(gateway.url)).rejects.toThrow('ERR_TOO_MANY_REDIRECTS')
  gateway.mood = 'honest'
})

test('keeps the files of the page and nothing else', async ({ page, hub }) => {
  await openLive(page, hub.url)
  await hub.publish('not for keeping')
  await expect(item(page, 'not for keeping')).toBeVisible()
  await expectKept(page)
  await page.evaluate(async () => {
    for (const path of ['api/notifications', 'api/status', 'docs', 'openapi.json', 'metrics']) {
      await (await fetch(path)).text()
    }
  })
  const addresses = Object.values(await keptAddresses(page)).flat()
  const paths = addresses.map((address) => new URL(address).pathname)
  expect(paths).toContain('/')
  for (const path of paths) {
    expect(path).toMatch(/^\/(assets\/[\w.-]+|favicon\.svg|manifest\.webmanifest|icons\/.*)?$/)
  }
})

test('a newer version is there at the first visit, whole, and then without the hub as well', async ({
  page,
  hub,
  context,
}) => {
  const proxy = await NextVersion.start(hub)
  const { url } = proxy
  const version = () => page.evaluate(() => document.documentElement.dataset.version)
  const caches = async () => Object.keys(await keptAddresses(page)).length
  try {
    const open = await context.newPage()
    await openLive(open, proxy.url)
    await openLive(page, proxy.url)
    await expectKept(page)
    expect(await version()).toBeUndefined()
    proxy.isNewer = true
    await openLive(page, proxy.url)
    expect(await version()).toBe('newer')
    // What the tab that is still open consists of is kept as well.
    await expect.poll(caches).toBe(2)
    await expect
      .poll(async () => {
        const all = Object.values(await keptAddresses(page)).flat()
        return all.some((address) => address.includes('NEWER000'))
      })
      .toBe(true)
    await hub.publish('for both')
    await expect(item(page, 'for both')).toBeVisible()
    await expect(item(open, 'for both')).toBeVisible()
    await expectKept(page)
    await proxy.stop()
    await page.goto(url)
    await expect(badge(page)).toBeVisible()
    expect(await version()).toBe('newer')
  } finally {
    await proxy.stop().catch(() => undefined)
  }
})

test('a hub that serves no service worker any more rids browsers of it', async ({ page, hub }) => {
  await openLive(page, hub.url)
  await expectKept(page)
  await hub.restart('--store', 'sqlite', '--no-service-worker')
  await openLive(page, hub.url)
  // It goes with the last page that it has looked after.
  await page.goto('about:blank')
  await openLive(page, hub.url)
  const left = () =>
    page.evaluate(async () => {
      const registrations = await navigator.serviceWorker.getRegistrations()
      return [registrations.length, (await caches.keys()).length]
    })
  await expect.poll(left).toEqual([0, 0])
})

test('a browser without service workers has a page that works', async ({ page, hub }) => {
  await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'))
  await openLive(page, hub.url)
  await hub.publish('all the same')
  await expect(item(page, 'all the same')).toBeVisible()
})

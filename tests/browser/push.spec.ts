// Telling this device while the page is closed: asked for by a button, pushed by the hub to a push service of our own,
// and handed to the real service worker.
/// <reference lib="webworker" />
import type { BrowserContext, CDPSession, Page } from '@playwright/test'
import { Hub } from './support/hub'
import { PushService } from './support/push-service'
import { expectKept, workerOf } from './support/service-worker'
import {
  chooseInMenu,
  expect,
  item,
  needs,
  openLive,
  setFocused,
  setHidden,
  test as base,
} from './support/test'

const test = base.extend<{ service: PushService; pushed: Hub }>({
  service: async ({}, use) => {
    const service = await PushService.start()
    await use(service)
    await service.stop()
  },
  /** A hub that may send to the service. */
  pushed: async ({ service, context }, use) => {
    const hub = await Hub.start('--store', 'sqlite', '--allow-push-service', service.origin)
    await context.grantPermissions(['notifications'])
    await service.takeIn(context)
    await use(hub)
    await hub.stop()
  },
})

const setting = (page: Page) => page.getByTestId('push-setting')

async function subscribe(page: Page, hub: Hub): Promise<void> {
  await openLive(page, hub.url)
  await expectKept(page)
  await chooseInMenu(page, 'Settings')
  await setting(page).getByRole('button', { name: 'Notify me when the page is closed' }).click()
  await expect(setting(page)).toContainText('This device is told')
}

async function subscriptions(hub: Hub): Promise<number> {
  const metrics = await (await fetch(`${hub.url}metrics`)).text()
  return Number(/^notifyhub_push_subscriptions (\d+)/m.exec(metrics)![1])
}

/** Hands what the hub has pushed to the service worker, as the browser's push service does. */
class Deliverer {
  private constructor(
    private readonly session: CDPSession,
    private readonly origin: string,
    private readonly registrationId: string,
  ) {}

  static async of(page: Page, hub: Hub): Promise<Deliverer> {
    const session = await page.context().newCDPSession(page)
    const registered = new Promise<string>((resolve) =>
      session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const its = registrations.find(({ scopeURL }) => scopeURL === hub.url)
        if (its) resolve(its.registrationId)
      }),
    )
    await session.send('ServiceWorker.enable')
    return new Deliverer(session, new URL(hub.url).origin, await registered)
  }

  async deliver(data: string): Promise<void> {
    const { origin, registrationId } = this
    await this.session.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data })
  }
}

/** What the service worker has the system show. */
async function shown(context: BrowserContext) {
  const worker = await workerOf(context)
  return worker.evaluate(async () => {
    const { registration } = self as unknown as ServiceWorkerGlobalScope
    const banners = await registration.getNotifications()
    return banners.map(({ title, body, tag, silent }) => ({ title, body, tag, silent }))
  })
}

const titlesShown = async (context: BrowserContext) =>
  (await shown(context)).map(({ title }) => title)

test('is asked for by a button, kept by the hub, and ended by another', async ({
  page,
  pushed,
  service,
}) => {
  await openLive(page, pushed.url)
  expect(await subscriptions(pushed)).toBe(0)
  await subscribe(page, pushed)
  expect(await subscriptions(pushed)).toBe(1)
  await pushed.publish({ message: 'it broke', state: 'failed' })
  await pushed.publish({ message: 'May I?', state: 'waiting' })
  await expect.poll(() => service.received.length).toBe(1)
  expect(JSON.parse(service.received[0].text)).toMatchObject({ message: 'May I?' })
  await setting(page).getByLabel('And what failed').check()
  await expect
    .poll(async () => {
      await pushed.publish({ message: 'it broke again', state: 'failed' })
      return service.received.some(({ text }) => text.includes('it broke again'))
    })
    .toBe(true)
  await setting(page).getByRole('button', { name: 'Stop on this device' }).click()
  await expect(setting(page).getByRole('button', { name: 'Notify me' })).toBeVisible()
  await expect.poll(() => subscriptions(pushed)).toBe(0)
})

test('heals when the hub has lost its subscriptions and its key', async ({
  page,
  pushed,
  service,
}) => {
  await subscribe(page, pushed)
  const key = async () => await (await fetch(`${pushed.url}api/push/key`)).text()
  const before = await key()
  await pushed.restart('--store', 'memory', '--allow-push-service', service.origin)
  expect(await subscriptions(pushed)).toBe(0)
  await openLive(page, pushed.url)
  await expect.poll(() => subscriptions(pushed)).toBe(1)
  expect(await key()).not.toBe(before)
})

test('is made anew by the service worker when the browser has ended it', async ({
  page,
  context,
  service,
}) => {
  const token = '0123456789abcdef'
  const options = ['--allow-push-service', service.origin, '--publish-token', token]
  const hub = await Hub.start('--store', 'memory', ...options)
  try {
    await context.grantPermissions(['notifications'])
    await service.takeIn(context)
    await openLive(page, hub.url)
    await page.evaluate((its) => localStorage.setItem('notifyhub.publish-token', its), token)
    await page.reload()
    await subscribe(page, hub)
    await setting(page).getByLabel('And what failed').check()
    const worker = await workerOf(context)
    await page.goto('about:blank')
    await service.takeInto(worker)
    // As if it had lost the subscription too: what is there in the end, the service worker has told.
    await hub.restart('--store', 'memory', ...options)
    expect(await subscriptions(hub)).toBe(0)
    await worker.evaluate(() => {
      self.dispatchEvent(new ExtendableEvent('pushsubscriptionchange'))
    })
    await expect.poll(() => subscriptions(hub)).toBe(1)
    const post = (message: string, state: string) =>
      fetch(`${hub.url}api/notifications`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ message, state }),
      })
    await post('it broke', 'failed')
    await expect.poll(() => service.received.map(({ text }) => text).join()).toContain('it broke')
  } finally {
    await hub.stop()
  }
})

test('a hidden page and a pushed message show one banner, not two', async ({
  page,
  context,
  pushed,
  service,
}) => {
  await subscribe(page, pushed)
  await page.keyboard.press('Escape')
  const deliverer = await Deliverer.of(page, pushed)
  const worker = await workerOf(context)
  // In front of everybody's eyes as far as the automated browser goes; the system says otherwise.
  await worker.evaluate(() =>
    Object.defineProperty(WindowClient.prototype, 'visibilityState', { get: () => 'hidden' }),
  )
  await setFocused(page, false)
  await setHidden(page, true)
  const asked = await pushed.publish({
    source: 'shop',
    key: '7',
    state: 'waiting',
    message: 'May I?',
  })
  const bodies = async () => (await shown(context)).map(({ body }) => body)
  // The page's own, by its stream.
  await expect.poll(bodies).toEqual(['May I?'])
  await expect.poll(() => service.received.length).toBe(1)
  const mark = () =>
    worker.evaluate(async () => {
      const { registration } = self as unknown as ServiceWorkerGlobalScope
      const banners = await registration.getNotifications()
      return banners.map(({ requireInteraction }) => requireInteraction)
    })
  expect(await mark()).toEqual([false])
  await deliverer.deliver(service.received[0].text)
  // In the place of the page's: one that waits stays on the screen.
  await expect.poll(mark).toEqual([true])
  expect(await bodies()).toEqual(['May I?'])
  expect((await shown(context))[0].tag).toBe(`notifyhub:shop/7:${asked.id}`)
})

test('says when the hub has it switched off', async ({ page, hub, context }) => {
  await context.grantPermissions(['notifications'])
  await hub.restart('--store', 'memory', '--no-web-push')
  await openLive(page, hub.url)
  await expectKept(page)
  await chooseInMenu(page, 'Settings')
  await setting(page).getByRole('button', { name: 'Notify me' }).click()
  await expect(setting(page)).toContainText('It is switched off on this hub.')
})

test('what is pushed is shown while the page is closed, and taken away when it is settled', async ({
  page,
  context,
  pushed,
  service,
}) => {
  await subscribe(page, pushed)
  const deliverer = await Deliverer.of(page, pushed)
  const next = async (count: number) => {
    await expect.poll(() => service.received.length).toBe(count)
    return service.received[count - 1].text
  }
  const question = { source: 'shop', actor: 'codex', key: '7', state: 'waiting' as const }
  await pushed.publish({ ...question, message: 'May I deploy?' })
  const first = await next(1)
  // Somebody who sees the page sees it there.
  await deliverer.deliver(first)
  await expect(needs(page)).toHaveCount(1)
  await page.goto('about:blank')
  await expect.poll(() => shown(context)).toEqual([])
  await deliverer.deliver(first)
  await expect.poll(() => titlesShown(context)).toEqual(['shop · codex'])
  const [banner] = await shown(context)
  expect(banner).toMatchObject({ body: 'May I deploy?', silent: false })
  // A newer question about the same takes its place, with a banner that pops up anew.
  await pushed.publish({ ...question, title: 'Once more', message: 'Well?' })
  await deliverer.deliver(await next(2))
  await expect.poll(() => titlesShown(context)).toEqual(['Once more'])
  expect((await shown(context))[0].tag).not.toBe(banner.tag)
  await pushed.publish({ ...question, message: 'deployed', state: 'done' })
  await deliverer.deliver(await next(3))
  await expect.poll(() => shown(context)).toEqual([])
})

test('quiet hours and muted projects make no sound', async ({ page, context, pushed }) => {
  await openLive(page, pushed.url)
  await page.evaluate(() =>
    localStorage.setItem('notifyhub.attention', JSON.stringify({ muted: { shop: null } })),
  )
  await subscribe(page, pushed)
  const deliverer = await Deliverer.of(page, pushed)
  await page.goto('about:blank')
  const card = (id: string, source: string) =>
    JSON.stringify({ type: 'show', id, about: id, state: 'waiting', source, message: source })
  await deliverer.deliver(card('1', 'shop'))
  await deliverer.deliver(card('2', 'billing'))
  await deliverer.deliver('{"type":"sing","id":"3"}')
  await deliverer.deliver('no JSON')
  await expect
    .poll(async () => (await shown(context)).map(({ body, silent }) => [body, silent]).sort())
    .toEqual([
      ['billing', false],
      ['shop', true],
    ])
})

test('a click opens the page on what it is about', async ({ page, context, pushed }) => {
  const { id } = await pushed.publish({ message: 'It broke', state: 'failed' })
  await pushed.publish('something newer')
  await subscribe(page, pushed)
  await page.keyboard.press('Escape')
  const deliverer = await Deliverer.of(page, pushed)
  const worker = await workerOf(context)
  /** As the system tells of a click, but for the right to open windows, which only a real one gives. */
  const click = (isOpened: boolean) =>
    worker.evaluate(async (waits) => {
      const scope = self as unknown as ServiceWorkerGlobalScope
      const [notification] = await scope.registration.getNotifications()
      const opened = new Promise<string>((resolve) => {
        scope.clients.openWindow = (url) => {
          resolve(String(url))
          return Promise.resolve(null)
        }
      })
      const event = new NotificationEvent('notificationclick', { notification: notification })
      scope.dispatchEvent(event)
      return waits ? await opened : undefined
    }, isOpened)
  await page.goto('about:blank')
  await deliverer.deliver(
    JSON.stringify({ type: 'show', id, about: id, state: 'failed', message: 'It broke' }),
  )
  await expect.poll(() => titlesShown(context)).toEqual(['NotifyHub'])
  expect(await click(true)).toBe(`${pushed.url}#open=${id}`)
  await page.goto(`${pushed.url}#open=${id}`)
  await expect(item(page, 'It broke').locator('.card-detail')).toBeVisible()
  await expect(page).toHaveURL(pushed.url)

  // A page that is open already is the one.
  await page.reload()
  await expect(item(page, 'It broke')).toBeVisible()
  await expect(item(page, 'It broke').locator('.card-detail')).toBeHidden()
  await worker.evaluate(async (its) => {
    const { registration } = self as unknown as ServiceWorkerGlobalScope
    await registration.showNotification('once more', { data: { id: its, about: its } })
  }, id)
  await click(false)
  await expect(item(page, 'It broke').locator('.card-detail')).toBeVisible()
})

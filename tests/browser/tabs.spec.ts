// Many tabs of one browser: one connection for all of them.
import {
  expect,
  expectLive,
  item,
  openLive,
  test,
  withoutLocks,
  withoutSharedWorker,
} from './support/test'

test('twelve tabs are live over one connection', async ({ context, hub }) => {
  const tabs = await Promise.all(Array.from({ length: 12 }, () => context.newPage()))
  // HTTP/1.1 gives an origin six connections: with a stream each, the seventh tab would hang.
  await Promise.all(tabs.map((tab) => tab.goto(hub.url)))
  for (const tab of tabs) await expectLive(tab)
  expect(await hub.streams()).toBe(1)
  await hub.publish('for everyone')
  for (const tab of tabs) await expect(item(tab, 'for everyone')).toBeVisible()
  expect(await hub.streams()).toBe(1)
})

test('closing all but one keeps it live, closing the last ends the connection', async ({
  context,
  hub,
}) => {
  const [first, second] = await Promise.all([context.newPage(), context.newPage()])
  await openLive(first, hub.url)
  await openLive(second, hub.url)
  await first.close()
  await hub.publish('still here')
  await expect(item(second, 'still here')).toBeVisible()
  await second.close()
  await expect.poll(() => hub.streams()).toBe(0)
})

test('without SharedWorker and locks each tab has its own stream', async ({ context, hub }) => {
  const tabs = await Promise.all([context.newPage(), context.newPage()])
  for (const tab of tabs) {
    await withoutSharedWorker(tab)
    await withoutLocks(tab)
    await openLive(tab, hub.url)
  }
  expect(await hub.streams()).toBe(2)
  await hub.publish('twice over')
  for (const tab of tabs) await expect(item(tab, 'twice over')).toBeVisible()
})

test('without them nine tabs load all the same, and share four streams', async ({
  context,
  hub,
}) => {
  const tabs = []
  for (let index = 0; index < 9; index++) {
    const tab = await context.newPage()
    await withoutSharedWorker(tab)
    await withoutLocks(tab)
    await openLive(tab, hub.url)
    tabs.push(tab)
  }
  await expect.poll(() => hub.streams()).toBe(4)
  await hub.publish('for hosts and guests')
  for (const tab of tabs) await expect(item(tab, 'for hosts and guests')).toBeVisible()
  // Their hosts go: the guests help themselves.
  for (const tab of tabs.splice(0, 4)) await tab.close()
  await expect.poll(() => hub.streams()).toBe(4)
  for (const tab of tabs) await expectLive(tab)
  await hub.publish('under new hosts')
  for (const tab of tabs) await expect(item(tab, 'under new hosts')).toBeVisible()
})

test('a shared worker that cannot start is replaced by a stream of the tab', async ({
  page,
  hub,
}) => {
  await page.addInitScript(() => {
    window.SharedWorker = class extends EventTarget {
      port = new MessageChannel().port1
      constructor() {
        super()
        queueMicrotask(() => this.dispatchEvent(new Event('error')))
      }
    } as unknown as typeof SharedWorker
  })
  await openLive(page, hub.url)
  await hub.publish('all the same')
  await expect(item(page, 'all the same')).toBeVisible()
})

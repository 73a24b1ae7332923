// What matters, in each engine: what is published is there at once, nothing is lost whatever dies, one ring, one stream,
// and a way back from a deletion.
import { readFileSync } from 'node:fs'
import { abilities, can } from './limits'
import {
  banner,
  connection,
  expect,
  expectKept,
  expectLive,
  expectTitles,
  killWorker,
  sounds,
  test,
  titles,
  toasts,
} from './test'
import type { Tab } from './tab'

const waits = (message: string) => ({ message, state: 'waiting' as const })
const deleteButton = '.row .qa button:last-child'

test('what the engine cannot do is written down', () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')
  for (const ability of abilities) expect(readme).toContain(`- **${ability}**: not in`)
})

test('what is published is shown at once, changed and taken away', async ({ hub, openTab }) => {
  const { id } = await hub.publish('stored')
  const tab = await openTab(hub.url)
  await expectLive(tab)
  await expectTitles(tab, ['stored'])
  await hub.publish('live')
  await expectTitles(tab, ['live', 'stored'])
  await hub.remove(id)
  await expectTitles(tab, ['live'])
  await hub.clear()
  await expectTitles(tab, [])
})

test.describe('a hub that keeps what it has', () => {
  test.use({ hubOptions: ['--store', 'sqlite'] })

  test('that is killed is missed in words, and loses nothing when it is back', async ({
    hub,
    openTab,
  }) => {
    await hub.publish('before')
    const tab = await openTab(hub.url)
    await expectLive(tab)
    await hub.kill()
    await expect.poll(() => connection(tab)).toBe('reconnecting')
    await expect
      .poll(() => tab.texts(banner))
      .toEqual([expect.stringMatching(/^Connection lost at/)])
    await expectTitles(tab, ['before'])
    await hub.start()
    await hub.publish('while the page was away')
    // A page that somebody looks at tries again every three seconds.
    await expect.poll(() => connection(tab), { timeout: 6_000 }).toBe('live')
    await expectTitles(tab, ['while the page was away', 'before'])
    await expect.poll(() => tab.isVisible(banner)).toBe(false)
    await hub.publish('after')
    await expectTitles(tab, ['after', 'while the page was away', 'before'])
  })

  test('is not needed to open the page: it shows what was last seen, and is live again by itself', async ({
    hub,
    openTab,
  }) => {
    const tab = await openTab(hub.url)
    await expectLive(tab)
    await hub.publish('seen before')
    await expectTitles(tab, ['seen before'])
    await expectKept(tab, 'seen before')
    await tab.close()
    await hub.kill()
    const later = await openTab(hub.url)
    await expectTitles(later, ['seen before'])
    await expect.poll(() => later.texts(banner)).toEqual([expect.stringMatching(/^Last seen \d/)])
    await hub.start()
    await hub.publish('posted meanwhile')
    await expectLive(later)
    await expectTitles(later, ['posted meanwhile', 'seen before'])
  })
})

test('a proxy that answers 502 for a while is outlived', async ({ hub, gateway, openTab }) => {
  const tab = await openTab(gateway.url)
  await expectLive(tab)
  gateway.mood = 'bad gateway'
  gateway.cutStreams()
  const before = gateway.streamQueries.length
  // A browser's own EventSource would have given up at the first of these.
  await expect.poll(() => gateway.streamQueries.length).toBeGreaterThan(before + 1)
  await hub.publish('during the deploy')
  gateway.mood = 'honest'
  await expectLive(tab)
  await expectTitles(tab, ['during the deploy'])
})

test('an event that is cut in the middle arrives once and whole', async ({
  hub,
  gateway,
  openTab,
}) => {
  const tab = await openTab(gateway.url)
  await expectLive(tab)
  const before = gateway.streamQueries.length
  gateway.cutInNextNotification()
  await hub.publish('cut in the middle')
  await expect.poll(() => gateway.streamQueries.length).toBeGreaterThan(before)
  await expectLive(tab)
  await expectTitles(tab, ['cut in the middle'])
  await hub.publish('after it')
  await expectTitles(tab, ['after it', 'cut in the middle'])
})

test('a page that one comes back to resumes, and has missed nothing', async ({
  engineName,
  hub,
  gateway,
  openTab,
}) => {
  const ends = can(engineName, 'ends the stream of a page that is put away')
  await hub.publish('before')
  const tab = await openTab(gateway.url)
  await expectLive(tab)
  await expectTitles(tab, ['before'])
  await tab.goTo(`${gateway.url}api/status`)
  if (ends) await expect.poll(() => gateway.openStreams).toBe(0)
  await hub.publish('meanwhile')
  await tab.back()
  await expectLive(tab)
  await expectTitles(tab, ['meanwhile', 'before'])
  if (ends) expect(gateway.streamQueries.at(-1)!.get('last_event_id')).toMatch(/^\w+-1$/)
  await hub.publish('after')
  await expectTitles(tab, ['after', 'meanwhile', 'before'])
  expect(gateway.openStreams).toBe(1)
})

test('seven tabs are live over one connection, until the last one is closed', async ({
  hub,
  openTab,
}) => {
  // HTTP/1.1 gives an origin six connections: with a stream each, the seventh tab would hang.
  const tabs: Tab[] = []
  for (let count = 0; count < 7; count++) tabs.push(await openTab(hub.url))
  await expectLive(...tabs)
  expect(await hub.streams()).toBe(1)
  await hub.publish('for everyone')
  await expectTitles(tabs, ['for everyone'])
  for (const tab of tabs.slice(1)) await tab.close()
  await hub.publish('still here')
  await expectTitles(tabs[0], ['still here', 'for everyone'])
  await tabs[0].close()
  await expect.poll(() => hub.streams()).toBe(0)
})

test('a shared worker that dies without a word is replaced', async ({ hub, gateway, openTab }) => {
  const tabs = [await openTab(gateway.url), await openTab(gateway.url)]
  await expectLive(...tabs)
  await killWorker(tabs[0])
  await expect.poll(() => gateway.openStreams).toBe(0)
  await hub.publish('while nobody listened')
  await expectTitles(tabs, ['while nobody listened'])
  expect(gateway.openStreams).toBe(1)
  await hub.publish('live again')
  await expectTitles(tabs, ['live again', 'while nobody listened'])
})

test('without a shared worker one tab serves the others, until it goes', async ({
  hub,
  gateway,
  openTab,
}) => {
  const { rewriteScript } = gateway
  gateway.rewriteScript = (path, script) =>
    `Reflect.deleteProperty(globalThis, 'SharedWorker');\n${rewriteScript!(path, script)}`
  const tabs: Tab[] = []
  for (let count = 0; count < 3; count++) {
    tabs.push(await openTab(gateway.url))
    await expectLive(tabs.at(-1)!)
  }
  expect(gateway.openStreams).toBe(1)
  await tabs[0].close()
  await hub.publish('under a new host')
  await expectTitles(tabs.slice(1), ['under a new host'])
  expect(gateway.openStreams).toBe(1)
})

test('sound is blocked until a click, says so, and then rings once in one tab', async ({
  hub,
  gateway,
  openTab,
}) => {
  const hint = '[data-testid="sound-hint"]'
  const tabs = [await openTab(gateway.url), await openTab(gateway.url)]
  await expectLive(...tabs)
  for (const tab of tabs) {
    await expect.poll(() => tab.title()).toBe('🔇 NotifyHub')
    await expect.poll(() => tab.texts(hint)).toEqual(['Sound is blocked: click anywhere'])
  }
  await hub.publish(waits('unheard'))
  for (const tab of tabs) await expect.poll(() => tab.texts('.need')).toHaveLength(1)
  // A click right after what came still makes it heard. That it is past nothing tells: so it is waited for.
  await new Promise((past) => setTimeout(past, 2_000))
  await tabs[1].clickBeside()
  // One tab that may sound is enough for all of them.
  for (const tab of tabs) await expect.poll(() => tab.isVisible(hint)).toBe(false)
  expect(await sounds(...tabs)).toEqual({ begun: 0, heard: 0 })
  await hub.publish({ message: 'heard', level: 'error' })
  await expect.poll(() => sounds(...tabs)).toEqual({ begun: 1, heard: 1 })
})

test('a deletion can be undone, and is carried out when its page is closed', async ({
  hub,
  openTab,
}) => {
  for (const text of ['one', 'two', 'three']) await hub.publish(text)
  const [tab, other] = [await openTab(hub.url), await openTab(hub.url)]
  await expectLive(tab, other)
  await expectTitles(tab, ['three', 'two', 'one'])
  await tab.hover('.row')
  await tab.click(deleteButton)
  await expectTitles(tab, ['two', 'one'])
  await expect.poll(() => tab.texts(toasts)).toEqual([expect.stringContaining('1 notification')])
  await tab.click(`${toasts} button`)
  await expectTitles(tab, ['three', 'two', 'one'])
  expect(await hub.list()).toHaveLength(3)
  await tab.hover('.row')
  await tab.click(deleteButton)
  await expectTitles(tab, ['two', 'one'])
  expect(await titles(other)).toEqual(['three', 'two', 'one'])
  await tab.close()
  await expectTitles(other, ['two', 'one'])
  expect(await hub.list()).toHaveLength(2)
})

// What every test here starts from: an engine that is already there, a hub of its own, tabs that must not throw, and the
// names of what is on the page.
import { expect, test as base } from '@playwright/test'
import { Gateway } from '../support/gateway'
import { Hub } from '../support/hub'
import { startEngine, type EngineName } from './engines'
import { Tab, type Engine } from './tab'

export interface Options {
  engineName: EngineName
  engine: Engine
}

interface Fixtures {
  hubOptions: string[]
  hub: Hub
  /** Between browser and hub; the page that comes through it keeps `Kept`. */
  gateway: Gateway
  openTab(url?: string): Promise<Tab>
}

/** What the page is made to keep in `window`, for tests to look at. */
export interface Kept {
  problems: string[]
  /** How often a sound was begun, and how many were played to their end. */
  soundsBegun: number
  soundsHeard: number
}

export const test = base.extend<Fixtures, Options>({
  engineName: ['chromium', { option: true, scope: 'worker' }],

  engine: [
    async ({ engineName }, use) => {
      const engine = await startEngine[engineName]()
      await use(engine)
      await engine.stop()
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  hubOptions: [['--store', 'memory'], { option: true }],

  hub: async ({ hubOptions }, use) => {
    const hub = await Hub.start(...hubOptions)
    await use(hub)
    await hub.stop()
  },

  gateway: async ({ hub }, use) => {
    const gateway = await Gateway.start(hub)
    gateway.rewriteScript = (path, script) => {
      if (path.includes('/shared-worker')) return `${script}\n(${String(mortal)})()`
      return path.includes('/index') ? `(${String(kept)})();\n${script}` : script
    }
    await use(gateway)
    await gateway.stop()
  },

  openTab: async ({ engine }, use) => {
    const tabs: Tab[] = []
    await use(async (url) => {
      const tab = new Tab(await engine.openTab())
      tabs.push(tab)
      if (url) await tab.goTo(url)
      return tab
    })
    const problems = await Promise.all(
      tabs.filter(({ isOpen }) => isOpen).map((tab) => tab.evaluate(problemsKept)),
    )
    await Promise.all(tabs.map((tab) => tab.close()))
    expect(problems.flat().filter(Boolean), 'the page threw, or broke its policy').toEqual([])
  },
})

export { expect }

/** Runs in the page, before its own scripts. */
function kept(): void {
  const keeps: Kept = { problems: [], soundsBegun: 0, soundsHeard: 0 }
  Object.assign(window, keeps)
  const all = window as unknown as Kept
  addEventListener('error', ({ message }) => all.problems.push(message))
  addEventListener('unhandledrejection', ({ reason }) => all.problems.push(String(reason)))
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    all.problems.push(`${violatedDirective} forbids ${blockedURI}`),
  )
  const start = AudioBufferSourceNode.prototype.start
  AudioBufferSourceNode.prototype.start = function (...when) {
    all.soundsBegun += 1
    this.addEventListener('ended', () => (all.soundsHeard += 1))
    return start.apply(this, when)
  }
}

/** Runs in the shared worker: it ends when it is told to, and no tab hears of it. */
function mortal(): void {
  const killer = new BroadcastChannel('kill the worker')
  killer.onmessage = () => self.close()
}

const problemsKept = () => (window as unknown as Partial<Kept>).problems ?? []

export const killWorker = (tab: Tab): Promise<void> =>
  tab.evaluate(() => new BroadcastChannel('kill the worker').postMessage('now'))

export const titles = (tab: Tab): Promise<string[]> => tab.texts('.row-title')
export const banner = '[data-testid="connection-banner"]'
export const toasts = '[data-testid="toasts"]'

export const connection = (tab: Tab): Promise<string | undefined> =>
  tab.evaluate(
    () => document.querySelector<HTMLElement>('[data-testid="connection"]')?.dataset.state,
  )

export async function expectLive(...tabs: Tab[]): Promise<void> {
  for (const tab of tabs) await expect.poll(() => connection(tab)).toBe('live')
}

/** The page is looked after by its service worker, and what it shows is kept. */
export async function expectKept(tab: Tab, text: string): Promise<void> {
  const isKept = (wanted: string) =>
    navigator.serviceWorker.controller?.state === 'activated' &&
    JSON.stringify(Object.entries(localStorage)).includes(wanted)
  await expect.poll(() => tab.evaluate(isKept, text)).toBe(true)
}

export async function expectTitles(tabs: Tab | Tab[], wanted: string[]): Promise<void> {
  for (const tab of [tabs].flat()) await expect.poll(() => titles(tab)).toEqual(wanted)
}

/** Of all these tabs together. */
export async function sounds(...tabs: Tab[]): Promise<{ begun: number; heard: number }> {
  const counts = await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(() => {
        const { soundsBegun, soundsHeard } = window as unknown as Kept
        return { begun: soundsBegun, heard: soundsHeard }
      }),
    ),
  )
  const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0)
  return {
    begun: sum(counts.map(({ begun }) => begun)),
    heard: sum(counts.map(({ heard }) => heard)),
  }
}

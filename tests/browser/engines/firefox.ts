// Firefox as Debian has it, over WebDriver BiDi, which it speaks by itself.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BidiSession } from './bidi'
import { environmentIn, start, startSilentLoudspeaker, temporaryFolder } from './processes'
import type { Engine, TabDriver } from './tab'

export const firefoxProgram = process.env.FIREFOX ?? 'firefox-esr'

/** Beside its maker's own for remote control. */
const preferences = {
  'intl.accept_languages': 'en-US',
  // A mouse, fine and able to hover: without a screen it knows of none.
  'ui.primaryPointerCapabilities': 6,
  'ui.allPointerCapabilities': 6,
  // Nothing may be asked of the network: every name is this machine's.
  'network.dns.native-is-localhost': true,
  'network.dns.native_https_query': false,
}

export async function startFirefox(): Promise<Engine> {
  const folder = temporaryFolder()
  const lines = Object.entries(preferences).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  )
  writeFileSync(join(folder.path, 'user.js'), lines.join(''))
  const loudspeaker = await startSilentLoudspeaker(folder.path)
  const browser = await start(
    firefoxProgram,
    ['--headless', '--no-remote', '--profile', folder.path, '--remote-debugging-port', '0'],
    {
      environment: environmentIn(folder.path, { MOZ_CRASHREPORTER_DISABLE: '1' }),
      ready: /WebDriver BiDi listening on (ws:\S+)/,
    },
  )
  const session = await BidiSession.open(browser.printed)
  return {
    openTab: () => openTab(session),
    async stop() {
      session.close()
      await browser.end()
      await loudspeaker.end()
      await folder.remove()
    },
  }
}

interface Evaluated {
  type: 'success' | 'exception'
  result?: { value: string }
  exceptionDetails?: { text: string }
}

async function openTab(session: BidiSession): Promise<TabDriver> {
  // Each a window of its own: tabs behind others are hidden, and their timers sleep.
  const { context } = await session.send<{ context: string }>('browsingContext.create', {
    type: 'window',
  })
  const viewport = { width: 1000, height: 800 }
  await session.send('browsingContext.setViewport', { context, viewport })
  const act = (source: object) =>
    session.send('input.performActions', { context, actions: [source] })
  return {
    goTo: async (url) =>
      void (await session.send('browsingContext.navigate', { context, url, wait: 'complete' })),
    back: async () =>
      void (await session.send('browsingContext.traverseHistory', { context, delta: -1 })),
    async evaluate(expression) {
      const { type, result, exceptionDetails } = await session.send<Evaluated>('script.evaluate', {
        expression,
        target: { context },
        awaitPromise: true,
      })
      if (type === 'exception') throw new Error(exceptionDetails?.text)
      return result!.value
    },
    async point(x, y, press) {
      const pressing = [
        { type: 'pointerDown', button: 0 },
        { type: 'pointerUp', button: 0 },
      ]
      const actions = [{ type: 'pointerMove', x, y }, ...(press ? pressing : [])]
      await act({ type: 'pointer', id: 'mouse', actions })
    },
    async press(key) {
      const actions = ['keyDown', 'keyUp'].map((type) => ({ type, value: key }))
      await act({ type: 'key', id: 'keyboard', actions })
    },
    close: async () => void (await session.send('browsingContext.close', { context })),
  }
}

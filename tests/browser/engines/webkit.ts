// WebKitGTK's small browser, over the W3C's WebDriver protocol: plain HTTP, one window at a time.
import {
  answering,
  environmentIn,
  freePort,
  start,
  startSilentLoudspeaker,
  temporaryFolder,
} from './processes'
import type { Engine, TabDriver } from './tab'

const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
export const miniBrowserProgram =
  process.env.MINIBROWSER ?? `/usr/lib/${machine}-linux-gnu/webkit2gtk-4.1/MiniBrowser`

export async function startWebkit(): Promise<Engine> {
  const folder = temporaryFolder()
  const loudspeaker = await startSilentLoudspeaker(folder.path)
  const display = await start(
    'Xvfb',
    ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'],
    { ready: /^(\d+)\n/m },
  )
  const port = await freePort()
  const driver = await start('WebKitWebDriver', ['--host=127.0.0.1', `--port=${port}`], {
    environment: environmentIn(folder.path, {
      DISPLAY: `:${display.printed}`,
      GDK_BACKEND: 'x11',
      GIO_USE_VFS: 'local',
      GSETTINGS_BACKEND: 'memory',
      LANG: 'C.UTF-8',
      NO_AT_BRIDGE: '1',
      // Without a graphics card it would take a processor's time to be one.
      WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    }),
  })
  await answering(`http://127.0.0.1:${port}/status`)
  const session = await WebDriverSession.open(`http://127.0.0.1:${port}`)
  return {
    openTab: () => session.openTab(),
    async stop() {
      await session.end()
      await driver.end()
      // Whatever of the browser were left ends with its display.
      await display.end()
      await loudspeaker.end()
      await folder.remove()
    },
  }
}

class WebDriverSession {
  /** The protocol knows one current window, so that commands go one after the other. */
  private last: Promise<unknown> = Promise.resolve()

  private constructor(
    private readonly address: string,
    /** Stays open to the end: from a window that was closed no other can be opened. */
    private readonly firstWindow: string,
  ) {}

  static async open(driver: string): Promise<WebDriverSession> {
    const browser = { binary: miniBrowserProgram, args: ['--automation'] }
    const alwaysMatch = { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': browser }
    const { sessionId } = await send<{ sessionId: string }>('POST', `${driver}/session`, {
      capabilities: { alwaysMatch },
    })
    const address = `${driver}/session/${sessionId}`
    return new WebDriverSession(address, await send<string>('GET', `${address}/window`))
  }

  end(): Promise<void> {
    return send('DELETE', this.address)
  }

  async openTab(): Promise<TabDriver> {
    // Each a window of its own: tabs behind others are hidden, and their timers sleep.
    const { handle } = await this.inWindow<{ handle: string }>(
      this.firstWindow,
      'POST',
      'window/new',
      { type: 'window' },
    )
    const post = <Result>(command: string, body: object = {}) =>
      this.inWindow<Result>(handle, 'POST', command, body)
    await post('window/rect', { x: 0, y: 0, width: 1000, height: 900 })
    const act = (source: object) => post<void>('actions', { actions: [source] })
    return {
      goTo: (url) => post('url', { url }),
      back: () => post('back'),
      async evaluate(expression) {
        const script = `const done = arguments[0]
          Promise.resolve(${expression}).then((value) => done({ value }), (error) => done({ error: String(error) }))`
        const answer = await post<{ value: string; error?: string }>('execute/async', {
          script,
          args: [],
        })
        if (answer.error) throw new Error(answer.error)
        return answer.value
      },
      point: (x, y, press) => {
        const pressing = [
          { type: 'pointerDown', button: 0 },
          { type: 'pointerUp', button: 0 },
        ]
        const actions = [{ type: 'pointerMove', duration: 0, x, y }, ...(press ? pressing : [])]
        return act({ type: 'pointer', id: 'mouse', actions })
      },
      press: (key) => {
        const actions = ['keyDown', 'keyUp'].map((type) => ({ type, value: key }))
        return act({ type: 'key', id: 'keyboard', actions })
      },
      close: () => this.inWindow(handle, 'DELETE', 'window'),
    }
  }

  private inWindow<Result>(
    handle: string,
    method: 'POST' | 'DELETE',
    command: string,
    body?: object,
  ): Promise<Result> {
    return this.queue(async () => {
      await send('POST', `${this.address}/window`, { handle })
      return send<Result>(method, `${this.address}/${command}`, body)
    })
  }

  private queue<Result>(command: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(command)
    this.last = result.catch(() => undefined)
    return result
  }
}

async function send<Result>(method: string, url: string, body?: object): Promise<Result> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  const { value } = (await response.json()) as { value: Result & { message?: string } }
  if (!response.ok) throw new Error(`${method} ${url}: ${value.message}`)
  return value
}

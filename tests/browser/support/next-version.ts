// A proxy before the hub that, from a moment on, serves a newer version of the page: its script has another name and
// another content, the old name is gone, and the service worker lists the new one.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Hub } from './hub'

const newName = 'assets/index-NEWER000.js'

export class NextVersion {
  isNewer = false
  private server: Server | undefined

  private constructor(private readonly hub: Hub) {}

  static async start(hub: Hub): Promise<NextVersion> {
    const proxy = new NextVersion(hub)
    const server = createServer((incoming, outgoing) => {
      proxy
        .answer(incoming.url ?? '/', incoming.headers.accept ?? '')
        .then((answer) => {
          outgoing.writeHead(answer.status, answer.headers)
          if (answer.stream) void answer.stream.pipeTo(toWritable(outgoing)).catch(() => undefined)
          else outgoing.end(answer.text)
        })
        .catch(() => outgoing.destroy())
    })
    proxy.server = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server!.address() as AddressInfo).port}/`
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections()
    await new Promise((resolve) => this.server?.close(resolve))
  }

  private async answer(path: string, accept: string) {
    const page = await (await fetch(this.hub.url)).text()
    const oldName = /assets\/index-[\w-]+\.js/.exec(page)![0]
    const isRenamed = this.isNewer && path === `/${newName}`
    const asked = isRenamed ? `/${oldName}` : path
    const response = await fetch(new URL(asked, this.hub.url), { headers: { accept } })
    const headers: Record<string, string> = {}
    for (const name of ['content-type', 'content-security-policy', 'cache-control']) {
      const value = response.headers.get(name)
      if (value) headers[name] = value
    }
    const { status } = response
    if (/event-stream/.test(headers['content-type'] ?? '')) {
      return { status, headers, stream: response.body! }
    }
    let text: string | Buffer = Buffer.from(await response.arrayBuffer())
    if (this.isNewer && path === `/${oldName}`) return { status: 404, headers, text: '' }
    if (this.isNewer && (path === '/' || path === '/service-worker.js')) {
      text = text.toString().replaceAll(oldName, newName)
    }
    // Another version has another content, and so another name for its cache.
    if (this.isNewer && path === '/service-worker.js') {
      text = text.toString().replace(/(version:\W)[0-9a-f]{16}/, '$1' + 'f'.repeat(16))
    }
    if (isRenamed) text = `${text.toString()};document.documentElement.dataset.version='newer'`
    return { status, headers, text }
  }
}

function toWritable(outgoing: NodeJS.WritableStream): WritableStream<Uint8Array> {
  return new WritableStream({
    write: (chunk) => {
      outgoing.write(chunk)
    },
    close: () => {
      outgoing.end()
    },
  })
}

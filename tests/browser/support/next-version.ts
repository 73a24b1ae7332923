// A proxy before the hub that, from a moment on, serves a newer version of the page: its script and its
// shared worker have other names, the script another content, the old names are gone, and the service worker lists the new one.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Hub } from './hub'

const newName = 'assets/index-NEWER000.js'
const newWorkerName = 'shared-worker-NEWER000.js'

export class NextVersion {
  isNewer = false
  private server: Server | undefined
  private knownWorkerName: Promise<string> | undefined

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

  /** As the hub's page has it; asked once. */
  private async workerName(script: string): Promise<string> {
    this.knownWorkerName ??= fetch(new URL(script, this.hub.url))
      .then((response) => response.text())
      .then((text) => /shared-worker-[\w-]+\.js/.exec(text)![0])
    return this.knownWorkerName
  }

  private async answer(path: string, accept: string) {
    const page = await (await fetch(this.hub.url)).text()
    const oldName = /assets\/index-[\w-]+\.js/.exec(page)![0]
    const isRenamed = this.isNewer && path === `/${newName}`
    const oldWorkerName = await this.workerName(oldName)
    const worker = `/assets/${this.isNewer ? newWorkerName : oldWorkerName}`
    const asked = isRenamed ? `/${oldName}` : path === worker ? `/assets/${oldWorkerName}` : path
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
    const isOld = path === `/${oldName}` || path === `/assets/${oldWorkerName}`
    if (this.isNewer && isOld) return { status: 404, headers, text: '' }
    if (this.isNewer && (path === '/' || path === '/service-worker.js')) {
      text = text.toString().replaceAll(oldName, newName)
      text = text.replaceAll(oldWorkerName, newWorkerName)
    }
    // Another version has another content, and so another name for its cache.
    if (this.isNewer && path === '/service-worker.js') {
      text = text.toString().replace(/(version:\W)[0-9a-f]{16}/, '$1' + 'f'.repeat(16))
    }
    if (isRenamed) {
      text = text.toString().replaceAll(oldWorkerName, newWorkerName)
      text += ";document.documentElement.dataset.version='newer'"
    }
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

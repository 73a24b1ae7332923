// A small proxy between browser and hub that misbehaves on request, as proxies do: it answers 502 during a
// deploy, cuts a stream in the middle of an event, goes silent without closing, or wants one to sign in again. Can also stand for a
// reverse proxy that serves the hub under a sub-path.
import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Hub } from './hub'

type Mood = 'honest' | 'bad gateway' | 'silent' | 'sign in'

export class Gateway {
  mood: Mood = 'honest'
  /** What the hub is to call its version from now on, as after an update. */
  pretendedVersion: string | undefined
  /** For how long the hub is to say that it has heard nothing from its store. */
  pretendedStaleMs: number | undefined
  /** Some proxies let everything through but event streams. */
  blocksStreams = false
  /** Puts something into the page's scripts, by their path: for browsers that offer no way in. */
  rewriteScript: ((path: string, script: string) => string) | undefined
  /** The open event streams, as the browser sees them. */
  private readonly streams = new Set<ServerResponse>()
  /** What was asked of /events so far, whatever became of it. */
  readonly streamQueries: URLSearchParams[] = []
  private server: Server | undefined
  private cutNext = false

  private constructor(
    private readonly hub: Hub,
    private readonly path: string,
  ) {}

  static async start(hub: Hub, path = '/'): Promise<Gateway> {
    const gateway = new Gateway(hub, path)
    const server = createServer((incoming, outgoing) => gateway.handle(incoming, outgoing))
    gateway.server = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return gateway
  }

  get url(): string {
    const { port } = this.server!.address() as AddressInfo
    return `http://127.0.0.1:${port}${this.path}`
  }

  get openStreams(): number {
    return this.streams.size
  }

  /** Ends all open streams, as the restart of a proxy does. */
  cutStreams(): void {
    for (const stream of this.streams) stream.destroy()
  }

  /** The next notification reaches the browser only by half, and then the connection is gone. */
  cutInNextNotification(): void {
    this.cutNext = true
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections()
    await new Promise((resolve) => this.server?.close(resolve))
  }

  private handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const url = incoming.url ?? '/'
    const isStream = url.startsWith(`${this.path}events`)
    if (isStream) this.streamQueries.push(new URL(url, this.url).searchParams)
    if (this.mood === 'bad gateway' || (isStream && this.blocksStreams)) {
      outgoing.writeHead(502, { 'content-type': 'text/html' }).end('<h1>502 Bad Gateway</h1>')
      return
    }
    if (this.mood === 'sign in') {
      outgoing.writeHead(302, { location: '/login' }).end()
      return
    }
    if (!url.startsWith(this.path)) {
      outgoing.writeHead(404).end()
      return
    }
    if (this.mood === 'silent') return
    const target = new URL(url.slice(this.path.length), this.hub.url)
    const headers: IncomingHttpHeaders = { ...incoming.headers, host: target.host }
    const rewrite = url.endsWith('.js') ? this.rewriteScript : undefined
    if (rewrite) headers['accept-encoding'] = 'identity'
    const upstream = request(target, { method: incoming.method, headers }, (answer) => {
      if (rewrite) {
        void text(answer).then((script) => {
          delete answer.headers['content-length']
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(rewrite(url, script))
        })
        return
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      if (!isStream) {
        answer.pipe(outgoing)
        return
      }
      this.streams.add(outgoing)
      answer.on('data', (chunk: Buffer) => this.passOn(chunk, outgoing))
      answer.on('end', () => outgoing.end())
    })
    upstream.on('error', () => outgoing.destroy())
    outgoing.on('close', () => {
      this.streams.delete(outgoing)
      upstream.destroy()
    })
    incoming.pipe(upstream)
  }

  private passOn(chunk: Buffer, outgoing: ServerResponse): void {
    // Silent: the connection stays open, and nothing comes through any more, heartbeats neither.
    if (this.mood === 'silent') return
    if (this.cutNext && chunk.includes('event: notification')) {
      this.cutNext = false
      const half = Math.floor(chunk.length / 2)
      outgoing.write(chunk.subarray(0, half), () => outgoing.destroy())
      return
    }
    if (this.pretendedStaleMs !== undefined && chunk.includes('event: heartbeat')) {
      const stale = `"stale_ms":${this.pretendedStaleMs},"timestamp"`
      outgoing.write(chunk.toString().replace('"timestamp"', stale))
      return
    }
    if (this.pretendedVersion && chunk.includes('event: hello')) {
      // A body in chunks, so that its length may change.
      const version = `"version":"${this.pretendedVersion}"`
      outgoing.write(chunk.toString().replace(/"version":"[^"]*"/, version))
      return
    }
    outgoing.write(chunk)
  }
}

// A push service, and a browser's subscription to it: it decrypts what the hub sends as the browser would (RFC 8291).
// The automated browser has no push service of its own, so that the page is given this one.
import { createDecipheriv, createECDH, hkdfSync, randomBytes, type ECDH } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BrowserContext, Worker } from '@playwright/test'

export interface Received {
  text: string
  headers: NodeJS.Dict<string | string[]>
}

export class PushService {
  readonly received: Received[] = []
  private readonly keys: ECDH = createECDH('prime256v1')
  private readonly auth = randomBytes(16)
  private server: Server | undefined

  static async start(): Promise<PushService> {
    const service = new PushService()
    service.keys.generateKeys()
    const server = createServer((incoming, outgoing) => {
      const pieces: Buffer[] = []
      incoming.on('data', (piece: Buffer) => pieces.push(piece))
      incoming.on('end', () => {
        const text = service.decrypt(Buffer.concat(pieces))
        service.received.push({ text, headers: incoming.headers })
        outgoing.writeHead(201).end()
      })
    })
    service.server = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return service
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server!.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections()
    await new Promise((resolve) => this.server?.close(resolve))
  }

  /** Has the pages of a browser subscribe here; what they have outlives them, as in a real one. */
  async takeIn(context: BrowserContext): Promise<void> {
    await context.addInitScript(subscribeTo, this.subscription)
  }

  /** Has a service worker subscribe here. */
  async takeInto(worker: Worker): Promise<void> {
    await worker.evaluate(subscribeTo, this.subscription)
  }

  private get subscription() {
    return {
      endpoint: `${this.origin}/wpush/one`,
      keys: {
        p256dh: this.keys.getPublicKey('base64url'),
        auth: this.auth.toString('base64url'),
      },
    }
  }

  private decrypt(body: Buffer): string {
    const salt = body.subarray(0, 16)
    const keyEnd = 21 + body[20]
    const theirs = body.subarray(21, keyEnd)
    const derive = (by: Buffer, from: Buffer, info: Buffer | string, length: number) =>
      Buffer.from(hkdfSync('sha256', from, by, info, length))
    const start = Buffer.from('WebPush: info\0')
    const info = Buffer.concat([start, this.keys.getPublicKey(), theirs])
    const input = derive(this.auth, this.keys.computeSecret(theirs), info, 32)
    const key = derive(salt, input, 'Content-Encoding: aes128gcm\0', 16)
    const nonce = derive(salt, input, 'Content-Encoding: nonce\0', 12)
    const decipher = createDecipheriv('aes-128-gcm', key, nonce)
    decipher.setAuthTag(body.subarray(-16))
    const padded = Buffer.concat([decipher.update(body.subarray(keyEnd, -16)), decipher.final()])
    return padded.subarray(0, padded.lastIndexOf(2)).toString()
  }
}

/** Puts a subscription in the place of the browser's; run there. A worker, which has no storage, keeps it while it runs. */
function subscribeTo(its: { endpoint: string }): void {
  const stored = 'test.push-key'
  const kept = new Map<string, string>()
  const memory = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  }
  // Looked for only when it is wanted: about:blank may not.
  const storage = () => globalThis.localStorage ?? memory
  const withKey = (key: string) => {
    const text = atob(key.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0))
    return {
      endpoint: its.endpoint,
      options: { applicationServerKey: bytes.buffer },
      toJSON: () => its,
      unsubscribe: () => {
        storage().removeItem(stored)
        return Promise.resolve(true)
      },
    }
  }
  Object.assign(PushManager.prototype, {
    subscribe({ applicationServerKey }: { applicationServerKey: string }) {
      storage().setItem(stored, applicationServerKey)
      return Promise.resolve(withKey(applicationServerKey))
    },
    getSubscription() {
      const key = storage().getItem(stored)
      return Promise.resolve(key ? withKey(key) : null)
    },
  })
}

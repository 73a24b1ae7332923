// WebDriver BiDi over its WebSocket: commands and their answers. https://w3c.github.io/webdriver-bidi/
import WebSocket from 'ws'

interface Answer {
  id?: number | null
  type: 'success' | 'error' | 'event'
  result?: unknown
  error?: string
  message?: string
}

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

export class BidiSession {
  private commands = 0
  private readonly waiting = new Map<number, Waiting>()

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data) => this.receive(JSON.parse((data as Buffer).toString()) as Answer))
    socket.on('close', () => this.failAll(new Error('the browser has closed the connection')))
    socket.on('error', (error) => this.failAll(error))
  }

  /** `address`: what the browser printed. */
  static async open(address: string): Promise<BidiSession> {
    const socket = new WebSocket(`${address}/session`)
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    const session = new BidiSession(socket)
    await session.send('session.new', { capabilities: {} })
    return session
  }

  send<Result = unknown>(method: string, params: object): Promise<Result> {
    const id = ++this.commands
    return new Promise<Result>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve, reject })
      this.socket.send(JSON.stringify({ id, method, params }), (error) => {
        if (error) reject(error)
      })
    })
  }

  close(): void {
    this.socket.close()
  }

  private receive({ id, type, result, error, message }: Answer): void {
    const waiting = this.waiting.get(id ?? 0)
    if (!waiting) return
    this.waiting.delete(id!)
    if (type === 'success') waiting.resolve(result)
    else waiting.reject(new Error(`${error}: ${message}`))
  }

  private failAll(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error)
    this.waiting.clear()
  }
}

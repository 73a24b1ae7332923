// A real notifyhub-server for one test: started on a free port of this machine, stopped by its process id,
// and, should the test runner die, ended with it. Speaks to it as any other client would.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const binaries = new URL('../../../target/debug/', import.meta.url).pathname
const server = process.env.NOTIFYHUB_SERVER_BINARY ?? join(binaries, 'notifyhub-server')
const push = process.env.NOTIFYHUB_PUSH_BINARY ?? join(binaries, 'notifyhub-push')

export interface NewNotification {
  message: string
  title?: string
  level?: 'info' | 'success' | 'warning' | 'error'
  tags?: string[]
  link?: string
  timestamp?: string
  source?: string
  actor?: string
  key?: string
  state?: 'waiting' | 'running' | 'done' | 'failed'
  actions?: { label: string; url: string }[]
  format?: 'text' | 'code' | 'markdown'
}

export interface StoredNotification extends NewNotification {
  id: string
  timestamp: string
}

export class Hub {
  /** The address of the page, ending in a slash. */
  url = ''
  private process: ChildProcess | undefined
  private readonly dataFolder = mkdtempSync(join(tmpdir(), 'notifyhub-browser-test-'))

  constructor(private options: string[] = []) {}

  static async start(...options: string[]): Promise<Hub> {
    const hub = new Hub(options)
    await hub.start()
    return hub
  }

  get port(): string {
    return new URL(this.url).port
  }

  /** Starts it, or starts it again: then on the same port, with what it had stored. */
  async start(): Promise<void> {
    const port = this.url ? this.port : '0'
    const child = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', server],
        ...['--host', '127.0.0.1', '--port', port, '--data-dir', this.dataFolder],
        ...['--durability', 'relaxed', '--log', 'error', ...this.options],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    this.process = child
    this.url = await new Promise<string>((resolve, reject) => {
      let printed = ''
      child.stdout.on('data', (data: Buffer) => {
        printed += data.toString()
        const address = /Page\s+(https?:\/\/\S+)/.exec(printed)
        if (address) resolve(address[1])
      })
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${printed}`)))
    })
  }

  /** Ends it and starts it again with other options, on the same port. */
  async restart(...options: string[]): Promise<void> {
    await this.kill()
    this.options = options
    await this.start()
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    const child = this.process
    this.process = undefined
    if (!child || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.dataFolder, { recursive: true, force: true })
  }

  async publish(notification: NewNotification | string): Promise<StoredNotification> {
    const body = typeof notification === 'string' ? { message: notification } : notification
    const response = await fetch(`${this.url}api/notifications`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (response.status !== 201) throw new Error(await response.text())
    return (await response.json()) as StoredNotification
  }

  /** Publishes many, one after the other. */
  async publishMany(count: number, text: (index: number) => string): Promise<void> {
    for (let index = 0; index < count; index++) await this.publish(text(index))
  }

  async list(): Promise<StoredNotification[]> {
    const response = await fetch(`${this.url}api/notifications`)
    return (await response.json()) as StoredNotification[]
  }

  async remove(id: string): Promise<void> {
    await fetch(`${this.url}api/notifications/${id}`, { method: 'DELETE' })
  }

  async clear(): Promise<void> {
    await fetch(`${this.url}api/notifications`, { method: 'DELETE' })
  }

  /** How many event streams are open. */
  async streams(): Promise<number> {
    const response = await fetch(`${this.url}api/status`)
    return ((await response.json()) as { connections: number }).connections
  }

  /** Sends with the notifyhub-push binary; resolves once it has ended. */
  async push(...words: string[]): Promise<void> {
    const child = spawn(push, ['--port', this.port, ...words], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`notifyhub-push ended with ${code}`)),
      )
    })
  }
}

// The ways in which a tab reaches the host of the stream: the shared worker, a tab that was elected to be the host for
// the others, and, where neither is possible, a host of its own. The one between these two is in guest-link.ts.
import { browserEnvironment } from './environment'
import { StreamHost, type TabPort } from './stream-host'
import type { HostToTab, TabToHost } from './tab-messages'

export interface Link {
  post: (message: TabToHost) => void
  close: () => void
}

export interface LinkOwner {
  receive: (message: HostToTab) => void
  /** The host is another one now, and knows nothing of this tab. */
  onNewHost: () => void
  /** It does not work: another way has to be found. */
  onFailure: () => void
}

export function sharedWorkerLink(owner: LinkOwner): Link | undefined {
  if (typeof SharedWorker === 'undefined') return undefined
  let worker: SharedWorker
  try {
    worker = new SharedWorker(new URL('./shared-worker.ts', import.meta.url), {
      type: 'module',
      name: 'notifyhub',
    })
  } catch {
    return undefined
  }
  worker.addEventListener('error', () => owner.onFailure())
  worker.port.addEventListener('message', (event: MessageEvent<HostToTab>) =>
    owner.receive(event.data),
  )
  worker.port.start()
  return {
    post: (message) => worker.port.postMessage(message),
    close() {
      // A worker that is only slow must not take this tab for one of its own.
      worker.port.postMessage({ type: 'leave' } satisfies TabToHost)
      worker.port.close()
    },
  }
}

/** Never from within the call that caused it, so that all kinds of link behave alike. */
export function localPort(owner: LinkOwner): TabPort {
  return { post: (message) => queueMicrotask(() => owner.receive(message)) }
}

/** The tabs that are served over a channel, by name. */
export function remotePorts(send: (to: string, message: HostToTab) => void) {
  const ports = new Map<string, TabPort>()
  return {
    of(name: string): TabPort {
      let port = ports.get(name)
      if (!port) {
        port = { post: (message) => send(name, message) }
        ports.set(name, port)
      }
      return port
    },
    all: () => ports.values(),
  }
}

type ElectedMessage =
  | { kind: 'host' }
  | { kind: 'to host'; from: string; message: TabToHost }
  | { kind: 'to tab'; to: string; message: HostToTab }

/**
 * The tab that holds a lock is the host; when it goes, or crashes, the browser gives the lock to another one. One
 * stream then serves all tabs, of which six would be the most that HTTP/1.1 allows.
 */
export function electedLink(baseUrl: string, owner: LinkOwner): Link | undefined {
  if (typeof BroadcastChannel === 'undefined' || !navigator.locks) return undefined
  const name = `notifyhub-host:${baseUrl}`
  const channel = new BroadcastChannel(name)
  const tab = `${Date.now()}-${Math.random()}`
  const send = (message: ElectedMessage) => channel.postMessage(message)
  const ownPort = localPort(owner)
  const ports = remotePorts((to, message) => send({ kind: 'to tab', to, message }))
  const end = new AbortController()
  let host: StreamHost | undefined
  let giveUp: () => void = () => {}

  channel.addEventListener('message', ({ data }: MessageEvent<ElectedMessage>) => {
    if (data.kind === 'host') owner.onNewHost()
    else if (data.kind === 'to tab' && data.to === tab) owner.receive(data.message)
    else if (data.kind === 'to host' && host) host.receive(ports.of(data.from), data.message)
  })

  async function holdOffice(): Promise<void> {
    host = new StreamHost(browserEnvironment)
    owner.onNewHost()
    send({ kind: 'host' })
    await new Promise<void>((resolve) => (giveUp = resolve))
    host.leave(ownPort)
    for (const port of ports.all()) host.leave(port)
    host = undefined
  }
  navigator.locks.request(name, { signal: end.signal }, holdOffice).catch((error: unknown) => {
    if (!end.signal.aborted) throw error
  })

  return {
    post(message) {
      if (host) host.receive(ownPort, message)
      else send({ kind: 'to host', from: tab, message })
    },
    close() {
      if (!host) send({ kind: 'to host', from: tab, message: { type: 'leave' } })
      giveUp()
      end.abort()
      channel.close()
    },
  }
}

export function ownLink(owner: LinkOwner): Link {
  const host = new StreamHost(browserEnvironment)
  const port = localPort(owner)
  return {
    post: (message) => host.receive(port, message),
    close: () => host.leave(port),
  }
}

// The entry of the shared worker: one StreamHost for all tabs. Only wiring; what it does is StreamHost's.
import { browserEnvironment } from './environment'
import { StreamHost, type TabPort } from './stream-host'
import type { TabToHost } from './tab-messages'

declare const self: SharedWorkerGlobalScope

const host = new StreamHost(browserEnvironment)

self.addEventListener('connect', ({ ports: [channel] }) => {
  if (!channel) return
  const port: TabPort = { post: (message) => channel.postMessage(message) }
  channel.addEventListener('message', (event: MessageEvent<TabToHost>) =>
    host.receive(port, event.data),
  )
  // Tells of tabs that crashed, in browsers that have this event.
  channel.addEventListener('close', () => host.leave(port))
  channel.start()
})

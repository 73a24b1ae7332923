// Where no tab can be elected, because there are no locks: the first few tabs have a stream each, and every later one is
// the guest of one of these. A browser gives a host six connections over HTTP/1.1; with a stream in each of six tabs the
// seventh would not even load. Two tabs that both serve guests do no harm, so that nobody has to be the only one.
import { browserEnvironment } from './environment'
import { localPort, remotePorts, type Link, type LinkOwner } from './links'
import { StreamHost } from './stream-host'
import type { HostToTab, TabToHost } from './tab-messages'

/** It leaves two of the six connections for what else a page needs. */
export const mostStreams = 4

type GuestMessage =
  /** A tab has begun to be a host, and asks the others whether they are. */
  | { kind: 'roll call'; from: string }
  | { kind: 'here'; from: string }
  | { kind: 'gone'; from: string }
  | { kind: 'to host'; host: string; from: string; message: TabToHost }
  | { kind: 'to tab'; to: string; message: HostToTab }

export function guestLink(
  baseUrl: string,
  owner: LinkOwner,
  makeHost = () => new StreamHost(browserEnvironment),
): Link | undefined {
  if (typeof BroadcastChannel === 'undefined') return undefined
  const channel = new BroadcastChannel(`notifyhub-guests:${baseUrl}`)
  const send = (message: GuestMessage) => channel.postMessage(message)
  const ownPort = localPort(owner)
  const ports = remotePorts((to, message) => send({ kind: 'to tab', to, message }))
  /** Sorts by the time at which the tab began to be a host. */
  let name = ''
  let host: StreamHost | undefined
  /** Whose guest this tab is, if it is no host itself. */
  let hostName: string | undefined
  /** The hosts that began before this one, as far as the last roll call has shown. */
  let earlier = new Set<string>()

  channel.addEventListener('message', ({ data }: MessageEvent<GuestMessage>) => {
    switch (data.kind) {
      case 'roll call':
        earlier = new Set()
        if (host) send({ kind: 'here', from: name })
        heardOf(data.from)
        break
      case 'here':
        heardOf(data.from)
        break
      case 'gone':
        earlier.delete(data.from)
        if (data.from === hostName) beHost()
        break
      case 'to host':
        if (host && data.host === name) host.receive(ports.of(data.from), data.message)
        break
      case 'to tab':
        if (data.to === name) owner.receive(data.message)
    }
  })

  function beHost(): void {
    name = `${Date.now()}-${Math.random()}`
    host = makeHost()
    hostName = undefined
    earlier = new Set()
    send({ kind: 'roll call', from: name })
    owner.onNewHost()
  }

  function heardOf(other: string): void {
    if (!host || other > name) return
    earlier.add(other)
    if (earlier.size < mostStreams) return
    stopHosting()
    hostName = [...earlier].sort()[0]
    owner.onNewHost()
  }

  function stopHosting(): void {
    host?.leave(ownPort)
    for (const port of ports.all()) host?.leave(port)
    host = undefined
    send({ kind: 'gone', from: name })
  }

  // Not from within the call that makes the link: nobody has it yet.
  queueMicrotask(beHost)
  return {
    post(message) {
      if (host) host.receive(ownPort, message)
      else if (hostName) send({ kind: 'to host', host: hostName, from: name, message })
    },
    close() {
      if (host) stopHosting()
      else if (hostName) {
        send({ kind: 'to host', host: hostName, from: name, message: { type: 'leave' } })
      }
      channel.close()
    },
  }
}

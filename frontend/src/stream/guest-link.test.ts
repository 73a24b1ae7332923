// Tabs that cannot elect one of them: few streams, and everybody is served. The channel is the real one.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { guestLink, mostStreams } from './guest-link'
import type { Link } from './links'
import { StreamHost, type TabPort } from './stream-host'
import { FakeEnvironment } from './fake-environment'
import type { HostToTab, TabToHost } from './tab-messages'

class CountedHost extends StreamHost {
  joined = new Set<TabPort>()
  constructor() {
    super(new FakeEnvironment())
  }
  override receive(port: TabPort, message: TabToHost): void {
    if (message.type === 'join') this.joined.add(port)
    if (message.type === 'join') port.post({ type: 'audible', audible: true })
  }
  override leave(port: TabPort): void {
    this.joined.delete(port)
  }
}

interface Tab {
  link: Link
  heard: HostToTab[]
}

const hosts: CountedHost[] = []
const tabs: Tab[] = []
const serving = () => hosts.filter(({ joined }) => joined.size > 0)
const served = () => serving().reduce((sum, { joined }) => sum + joined.size, 0)

function open(): Tab {
  const heard: HostToTab[] = []
  const owner = {
    receive: (message: HostToTab) => heard.push(message),
    onNewHost: () => link.post({ type: 'join' } as TabToHost),
    onFailure: () => {},
  }
  const link = guestLink('http://hub.test/', owner, () => {
    const host = new CountedHost()
    hosts.push(host)
    return host
  })!
  const tab = { link, heard }
  tabs.push(tab)
  return tab
}

afterEach(() => {
  for (const { link } of tabs.splice(0)) link.close()
  hosts.length = 0
})

describe('tabs without locks', () => {
  it('share few streams, also when all of them are opened at once', async () => {
    for (let index = 0; index < 12; index++) open()
    await vi.waitFor(() => {
      expect(serving()).toHaveLength(mostStreams)
      expect(served()).toBe(12)
      expect(tabs.every(({ heard }) => heard.length > 0)).toBe(true)
    })
  })

  it('find another host when theirs goes', async () => {
    for (let index = 0; index < 7; index++) {
      open()
      await vi.waitFor(() => expect(served()).toBe(index + 1))
    }
    await vi.waitFor(() => expect(serving()).toHaveLength(mostStreams))
    for (const { link } of tabs.splice(0, 4)) link.close()
    await vi.waitFor(() => {
      expect(served()).toBe(3)
      expect(serving()).toHaveLength(3)
    })
  })
})

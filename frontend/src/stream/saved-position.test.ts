// What a reload finds again, whatever the storage does.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { unknownView, type FeedView } from '../feed/feed-view'
import { fakeNotification } from './fake-environment'
import { loadPosition, savePosition } from './saved-position'
import { snapshotLimit } from './stream-events'

function stubStorage(room = Infinity): Map<string, string> {
  const entries = new Map<string, string>()
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (value.length > room) throw new DOMException('full', 'QuotaExceededError')
      entries.set(key, value)
    },
    removeItem: (key: string) => entries.delete(key),
  })
  return entries
}

const viewOf = (list: FeedView['list']): FeedView => ({ ...unknownView, known: true, list })

afterEach(() => vi.unstubAllGlobals())

describe('the saved position', () => {
  it('comes back as it was, the newest part of it, and what is open besides', () => {
    stubStorage()
    const list = Array.from({ length: snapshotLimit + 5 }, () => fakeNotification()).reverse()
    const waiting = { ...list[snapshotLimit + 2]!, state: 'waiting' as const }
    list[snapshotLimit + 2] = waiting
    savePosition({ eventId: 'e-9', view: { ...viewOf(list), readThrough: 'n1' } })
    expect(loadPosition()).toEqual({
      eventId: 'e-9',
      view: {
        known: true,
        list: list.slice(0, snapshotLimit),
        floor: list[snapshotLimit - 1]!.id,
        open: [waiting],
        readThrough: 'n1',
      },
    })
  })

  it('is nothing at first, and nothing if it was spoiled', () => {
    const entries = stubStorage()
    expect(loadPosition()).toBeUndefined()
    for (const spoiled of ['{', 'null', '{"eventId":4}', '{"eventId":"e-1","view":{"list":{}}}']) {
      entries.set('notifyhub.position', spoiled)
      expect(loadPosition()).toBeUndefined()
    }
  })

  it('is not that of another hub under the same origin', () => {
    const entries = stubStorage()
    vi.stubGlobal('document', { baseURI: 'http://host/a/' })
    savePosition({ eventId: 'e-1', view: viewOf([]) })
    vi.stubGlobal('document', { baseURI: 'http://host/b/' })
    expect(loadPosition()).toBeUndefined()
    expect([...entries.keys()]).toEqual(['notifyhub.position:/a/'])
  })

  it('leaves nothing older behind when there is no room', () => {
    stubStorage(200)
    savePosition({ eventId: 'e-1', view: viewOf([]) })
    savePosition({ eventId: 'e-2', view: viewOf([fakeNotification({ message: 'x'.repeat(300) })]) })
    expect(loadPosition()).toBeUndefined()
  })
})

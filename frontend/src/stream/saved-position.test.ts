// What a reload finds again, whatever the storage does.
import { afterEach, describe, expect, it, vi } from 'vitest'
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

afterEach(() => vi.unstubAllGlobals())

describe('the saved position', () => {
  it('comes back as it was, the newest part of it', () => {
    stubStorage()
    const notifications = Array.from({ length: snapshotLimit + 5 }, () => fakeNotification())
    savePosition({ eventId: 'e-9', notifications })
    expect(loadPosition()).toEqual({
      eventId: 'e-9',
      notifications: notifications.slice(0, snapshotLimit),
    })
  })

  it('is nothing at first, and nothing if it was spoiled', () => {
    const entries = stubStorage()
    expect(loadPosition()).toBeUndefined()
    for (const spoiled of ['{', 'null', '{"eventId":4}', '{"eventId":"e-1","notifications":{}}']) {
      entries.set('notifyhub.position', spoiled)
      expect(loadPosition()).toBeUndefined()
    }
  })

  it('leaves nothing older behind when there is no room', () => {
    stubStorage(200)
    savePosition({ eventId: 'e-1', notifications: [] })
    savePosition({
      eventId: 'e-2',
      notifications: [fakeNotification({ message: 'x'.repeat(300) })],
    })
    expect(loadPosition()).toBeUndefined()
  })
})

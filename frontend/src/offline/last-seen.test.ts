import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { unknownView, type FeedView } from '../feed/feed-view'
import { loadLastSeen, saveLastSeen } from './last-seen'

let stored: Map<string, string>

beforeEach(() => {
  stored = new Map()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (value.length > 200_000) throw new DOMException('full', 'QuotaExceededError')
      stored.set(key, value)
    },
    removeItem: (key: string) => stored.delete(key),
  })
})
afterEach(() => vi.unstubAllGlobals())

const view = (count: number, message = 'x'): FeedView => ({
  ...unknownView,
  known: true,
  list: Array.from({ length: count }, (_, index) => ({
    id: String(9_999 - index),
    message,
    timestamp: '2026-01-01T00:00:00Z',
  })),
})

it('is there again, the newest of it', () => {
  saveLastSeen({ atMs: 7, view: view(150) })
  const seen = loadLastSeen()!
  expect(seen.atMs).toBe(7)
  expect(seen.view.known).toBe(true)
  expect(seen.view.list.map(({ id }) => id)).toEqual(
    Array.from({ length: 100 }, (_, index) => String(9_999 - index)),
  )
  expect(seen.view.floor).toBe('9900')
})

it('is nothing rather than old where there is no room for the new', () => {
  saveLastSeen({ atMs: 1, view: view(1) })
  saveLastSeen({ atMs: 2, view: view(100, 'x'.repeat(4_096)) })
  expect(loadLastSeen()).toBeUndefined()
})

it.each(['', 'null', '{}', '{"atMs":1,"view":{"list":[{}]}}', '{"atMs":"1","view":{}}', '[7'])(
  'is nothing where something else is kept: %s',
  (text) => {
    stored.set('notifyhub.last-seen', text)
    expect(loadLastSeen()?.view.list ?? []).toEqual([])
  },
)

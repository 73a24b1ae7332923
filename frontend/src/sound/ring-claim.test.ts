// One ring for one burst, however many hosts of the stream there are.
import { describe, expect, it } from 'vitest'
import { mayRing, sameBurstMs } from './ring-claim'

const claim = (newestId: string, gravity = 1, isReminder = false) => ({
  newestId,
  gravity,
  isReminder,
})
const last = { newestId: 'm', gravity: 3, atMs: 10_000 }
const later = last.atMs + sameBurstMs

describe('mayRing', () => {
  it('grants the first claim, and not a second one for the same', () => {
    expect(mayRing(claim('m'), undefined, 0)).toBe(true)
    expect(mayRing(claim('m', 3), last, later)).toBe(false)
    expect(mayRing(claim('l', 3), last, later)).toBe(false)
    expect(mayRing(claim('n', 3), last, later)).toBe(true)
  })

  it('takes what another host claims a moment later for the same burst, unless it is graver', () => {
    expect(mayRing(claim('n', 3), last, later - 1)).toBe(false)
    expect(mayRing(claim('n', 4), last, last.atMs + 10)).toBe(true)
  })

  it('lets what waits ask again, once', () => {
    expect(mayRing(claim('a', 3, true), last, later)).toBe(true)
    expect(mayRing(claim('a', 3, true), last, later - 1)).toBe(false)
  })

  it('is not silenced by a clock that was set back', () => {
    expect(mayRing(claim('n', 3), last, last.atMs - 60_000)).toBe(true)
  })
})

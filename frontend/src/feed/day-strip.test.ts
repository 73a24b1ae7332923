import { describe, expect, it } from 'vitest'
import { dayStrip, hourMs } from './day-strip'
import { cardOf, type Row } from './desk'

const now = Date.UTC(2026, 10, 23, 15, 40)
const row = (state: 'failed' | 'done' | 'running', ...hoursAgo: number[]): Row => {
  const [card, ...earlier] = hoursAgo.map((hours) =>
    cardOf({
      id: `${state}${hours}`,
      message: 'm',
      state,
      timestamp: new Date(now - hours * hourMs).toISOString(),
    }),
  )
  return { card: card!, earlier, isUnread: false }
}

describe('the strip of the last 24 hours', () => {
  it('counts what failed and what was done by hour, what is folded too', () => {
    const rows = [row('done', 0, 0.5, 3), row('failed', 3), row('running', 3)]
    const { hours, failed, done } = dayStrip(rows, now, 0)
    expect(hours).toHaveLength(24)
    expect(hours.at(-1)).toEqual({ startMs: Date.UTC(2026, 10, 23, 15), failed: 0, done: 2 })
    expect(hours.at(-4)).toMatchObject({ failed: 1, done: 1 })
    expect([failed, done]).toEqual([1, 3])
  })

  it('leaves out what is older than that, and what lies ahead', () => {
    const { failed, done } = dayStrip([row('failed', 23, 24), row('done', -1)], now, 0)
    expect([failed, done]).toEqual([1, 0])
  })

  it('begins where the feed that was loaded begins', () => {
    const { hours } = dayStrip([row('done', 2)], now, now - 2 * hourMs)
    expect(hours).toHaveLength(3)
    expect(hours[0]).toMatchObject({ done: 1 })
  })
})

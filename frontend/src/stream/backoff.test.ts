// The delays between tries to connect.
import { describe, expect, it } from 'vitest'
import { backoffDelayMs, delayCeilingMs, firstDelayCeilingMs } from './backoff'

describe('backoffDelayMs', () => {
  it('spreads the first try over the whole of the first two seconds', () => {
    expect(backoffDelayMs(1, () => 0)).toBe(200)
    expect(backoffDelayMs(1, () => 1)).toBe(firstDelayCeilingMs)
  })

  it('doubles the ceiling with each failure, up to half a minute', () => {
    const ceilings = [1, 2, 3, 4, 5, 6, 1000].map((failures) => backoffDelayMs(failures, () => 1))
    expect(ceilings).toEqual([
      2_000,
      4_000,
      8_000,
      16_000,
      delayCeilingMs,
      delayCeilingMs,
      delayCeilingMs,
    ])
  })
})

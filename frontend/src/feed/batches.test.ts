// Singly at once, gathered in a rush.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { inBatches } from './batches'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('hands over the first at once and gathers what follows in a rush', () => {
  const handed: number[][] = []
  const batches = inBatches<number>(50, (numbers) => handed.push(numbers))
  for (const number of [1, 2, 3]) batches.add(number)
  expect(handed).toEqual([[1]])
  vi.advanceTimersByTime(50)
  expect(handed).toEqual([[1], [2, 3]])
  batches.add(4)
  expect(handed).toHaveLength(2)
  vi.advanceTimersByTime(50)
  vi.advanceTimersByTime(50)
  batches.add(5)
  expect(handed).toEqual([[1], [2, 3], [4], [5]])
})

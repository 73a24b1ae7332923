// The hub's state, asked for on a fake clock.
import { effectScope } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Status } from '../api/generated'
import { statusIntervalMs, useHubStatus } from './use-hub-status'

const answers: (number | 'fails')[] = []
const signals: AbortSignal[] = []
const source = (signal: AbortSignal): Promise<Status> => {
  signals.push(signal)
  const answer = answers.shift() ?? 'fails'
  return answer === 'fails'
    ? Promise.reject(new Error('no answer'))
    : Promise.resolve({ streams: answer } as Status)
}

beforeEach(() => {
  vi.useFakeTimers()
  signals.length = 0
})
afterEach(() => vi.useRealTimers())

it('asks at once and at each interval, and says nothing old while the hub does not answer', async () => {
  answers.push(1, 2, 'fails', 3)
  const scope = effectScope()
  const status = scope.run(() => useHubStatus(source))!
  expect(status.value).toBeUndefined()
  const seen: (number | undefined)[] = []
  await vi.advanceTimersByTimeAsync(0)
  for (let n = 0; n < 4; n++) {
    seen.push(status.value?.streams)
    await vi.advanceTimersByTimeAsync(statusIntervalMs)
  }
  expect(seen).toEqual([1, 2, undefined, 3])

  const asked = signals.length
  scope.stop()
  await vi.advanceTimersByTimeAsync(3 * statusIntervalMs)
  expect(signals.length).toBe(asked)
})

it('gives a hub up that hangs, and asks again', async () => {
  const scope = effectScope()
  let asked = 0
  const hanging = (signal: AbortSignal) => {
    asked += 1
    return new Promise<Status>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error)),
    )
  }
  scope.run(() => useHubStatus(hanging))
  await vi.advanceTimersByTimeAsync(2 * statusIntervalMs)
  expect(asked).toBe(2)
  scope.stop()
})

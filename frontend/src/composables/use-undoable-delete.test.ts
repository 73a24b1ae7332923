// Deleting with a way back, on a fake clock.
import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '../api/calls'
import { undoTimeMs, useUndoableDelete } from './use-undoable-delete'

const scope = effectScope()
const removed: [string, boolean | undefined][] = []
let failWith: Error | undefined
let problem = ''

const start = () =>
  scope.run(() =>
    useUndoableDelete({
      api: {
        remove: (id, keepalive) => {
          removed.push([id, keepalive])
          return failWith ? Promise.reject(failWith) : Promise.resolve()
        },
      },
      onFailure: (error) => (problem = (error as Error).message),
    }),
  )!

beforeEach(() => {
  vi.useFakeTimers()
  removed.length = 0
  failWith = undefined
  problem = ''
})
afterEach(() => vi.useRealTimers())

describe('useUndoableDelete', () => {
  it('hides at once and deletes when the time to undo is over', async () => {
    const deletion = start()
    deletion.remove('a')
    expect([...deletion.hidden.value]).toEqual(['a'])
    await vi.advanceTimersByTimeAsync(undoTimeMs - 1)
    expect(removed).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(removed).toEqual([['a', false]])
    expect(deletion.hidden.value.has('a')).toBe(true)
  })

  it('brings everything of the last moments back', async () => {
    const deletion = start()
    deletion.remove('a')
    deletion.remove('b')
    expect(deletion.pendingCount.value).toBe(2)
    deletion.undo()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(deletion.hidden.value.size).toBe(0)
    expect(removed).toEqual([])
  })

  it('waits while somebody is at the button', async () => {
    const deletion = start()
    deletion.remove('a')
    deletion.hold(true)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(removed).toEqual([])
    deletion.hold(false)
    await vi.advanceTimersByTimeAsync(undoTimeMs)
    expect(removed).toHaveLength(1)
  })

  it('gives the next deletion its time, also when the button went while one pointed at it', async () => {
    const deletion = start()
    deletion.remove('a')
    deletion.hold(true)
    deletion.undo()
    deletion.remove('b')
    await vi.advanceTimersByTimeAsync(undoTimeMs)
    expect(removed).toEqual([['b', false]])
  })

  it('forgets what is gone for good', async () => {
    const deletion = start()
    deletion.remove('a', 'b')
    await deletion.flush()
    deletion.forget((id) => id === 'a')
    expect([...deletion.hidden.value]).toEqual(['a'])
  })

  it('deletes at once, in a call that outlives the page, when the page goes', () => {
    const deletion = start()
    deletion.remove('a')
    void deletion.flush(true)
    expect(removed).toEqual([['a', true]])
  })

  it('shows the item again when the server refuses, and says why', async () => {
    failWith = new ApiError(500, 'disk full')
    const deletion = start()
    deletion.remove('a')
    await deletion.flush()
    expect(deletion.hidden.value.size).toBe(0)
    expect(problem).toBe('disk full')
  })

  it('is content when another tab was faster', async () => {
    failWith = new ApiError(404, 'not found')
    const deletion = start()
    deletion.remove('a')
    await deletion.flush()
    expect(deletion.hidden.value.has('a')).toBe(true)
    expect(problem).toBe('')
  })
})

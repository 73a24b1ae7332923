// What the player says about whether it can be heard, with an audio context in the hands of the test.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SoundPlayer } from './sound-player'

/** Whether the system lets a context run just now. */
let mayRun: boolean
let contexts: FakeContext[]

class FakeContext extends EventTarget {
  state = 'suspended'
  sampleRate = 8_000
  destination = {}
  constructor() {
    super()
    contexts.push(this)
  }
  async resume(): Promise<void> {
    if (!mayRun) return new Promise(() => {})
    this.state = 'running'
  }
  suspend(): Promise<void> {
    this.state = 'suspended'
    return Promise.resolve()
  }
  createBuffer = () => ({ copyToChannel: () => {} })
  createGain = () => ({ gain: { value: 0 }, connect: () => ({}) })
  createBufferSource = () =>
    Object.assign(new EventTarget(), { connect: () => ({ connect: () => ({}) }), start: () => {} })
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('AudioContext', FakeContext)
  mayRun = true
  contexts = []
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('is no longer allowed when the system has taken the sound away, and again after a click', async () => {
  const said: boolean[] = []
  const player = new SoundPlayer((allowed) => said.push(allowed))
  expect(await player.unlock()).toBe(true)
  // As after a telephone call: the context does not come back.
  contexts[0]!.state = 'interrupted'
  mayRun = false
  expect(await player.play('chime', 1)).toBe(true)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(said).toEqual([true, false])
  // Whoever asks now is told so, and another tab is asked.
  const later = player.play('chime', 1)
  await vi.advanceTimersByTimeAsync(300)
  expect(await later).toBe(false)
  mayRun = true
  expect(await player.unlock()).toBe(true)
  expect(said).toEqual([true, false, true])
})

// The sounds as numbers: short, soft, without clicks.
import { describe, expect, it } from 'vitest'
import { synthesize } from './chime'

const loudest = (samples: Float32Array) =>
  samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)

describe.each(['chime', 'ask', 'alarm'] as const)('the %s', (name) => {
  const samples = synthesize(name, 48_000)

  it('is short', () => {
    expect(samples.length / 48_000).toBeLessThan(1.5)
  })

  it('neither clips nor whispers', () => {
    expect(loudest(samples)).toBeCloseTo(0.8, 3)
  })

  it('begins and ends in silence, without a click', () => {
    expect(loudest(samples.slice(0, 10))).toBeLessThan(0.02)
    expect(loudest(samples.slice(-10))).toBeLessThan(0.001)
    const steps = samples.slice(1).map((sample, index) => sample - samples[index]!)
    expect(loudest(steps)).toBeLessThan(0.2)
  })
})

it('gives the sounds different voices, and the tick a small one', () => {
  expect(synthesize('chime', 8_000)).not.toEqual(synthesize('alarm', 8_000))
  expect(loudest(synthesize('tick', 48_000))).toBeLessThan(0.15)
})

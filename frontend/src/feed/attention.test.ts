// The table of states: what sounds, what shows on the desktop, and what keeps silent.
import { describe, expect, it } from 'vitest'
import type { Notification } from '../api/notification'
import { callFor, defaultAttention, parseAttention, type Attention } from './attention'

const noon = new Date(2026, 10, 23, 12, 0).getTime()
const call = (
  values: Partial<Notification>,
  {
    attention = {},
    isFocused = false,
    nowMs = noon,
  }: { attention?: Partial<Attention>; isFocused?: boolean; nowMs?: number } = {},
) => {
  const settings = { ...defaultAttention, ...attention }
  const { signal, desktop } = callFor(
    { id: '1', message: 'm', timestamp: '', ...values },
    settings,
    { isFocused, nowMs },
  )
  return [signal, desktop]
}

describe('the defaults', () => {
  it('are the table of the desk', () => {
    const states = ['waiting', 'failed', 'running', 'done', undefined] as const
    expect(states.map((state) => call({ state }))).toEqual([
      ['ask', true],
      ['alarm', true],
      ['off', false],
      ['chime', false],
      ['tick', false],
    ])
    expect(states.map((state) => call({ state }, { isFocused: true }))).toEqual([
      ['ask', false],
      ['alarm', false],
      ['off', false],
      ['off', false],
      ['off', false],
    ])
  })

  it('take the level for the state of what has none', () => {
    expect(call({ level: 'error' })).toEqual(['alarm', true])
    expect(call({ level: 'success' })).toEqual(['chime', false])
    expect(call({ level: 'warning' })).toEqual(['tick', false])
  })
})

describe('silence', () => {
  const waiting = { state: 'waiting', source: 'shop' } as const
  const silent = ['off', false]

  it('is for a muted project, for as long as it is', () => {
    expect(call(waiting, { attention: { muted: { shop: null } } })).toEqual(silent)
    expect(call(waiting, { attention: { muted: { shop: noon + 1 } } })).toEqual(silent)
    expect(call(waiting, { attention: { muted: { shop: noon - 1, other: null } } })).toEqual([
      'ask',
      true,
    ])
    expect(call({ state: 'waiting', source: 'constructor' })).toEqual(['ask', true])
  })

  it('is for quiet hours, also over midnight, and for a while', () => {
    const at = (hours: number) => new Date(2026, 10, 23, hours, 30).getTime()
    const attention = { quietHours: { from: 22 * 60, to: 7 * 60 } }
    const loud = [6, 7, 21, 22].map((hour) => call(waiting, { attention, nowMs: at(hour) })[0])
    expect(loud).toEqual(['off', 'ask', 'ask', 'off'])
    expect(call(waiting, { attention: { snoozedUntilMs: noon + 1 } })).toEqual(silent)
  })

  it('is for what is settled or put off', () => {
    expect(call({ ...waiting, resolved_at: 'x' })).toEqual(silent)
    const later = new Date(noon + 60_000).toISOString()
    expect(call({ ...waiting, snoozed_until: later })).toEqual(silent)
  })

  it('is on the desktop what one has chosen', () => {
    expect(call(waiting, { attention: { desktop: 'never' } })).toEqual(['ask', false])
    expect(call(waiting, { attention: { desktop: 'always' }, isFocused: true })).toEqual([
      'ask',
      true,
    ])
  })
})

describe('what was stored', () => {
  it('comes back, and what is not what it should be is the default', () => {
    expect(parseAttention(undefined)).toEqual(defaultAttention)
    expect(parseAttention(JSON.parse(JSON.stringify(defaultAttention)))).toEqual(defaultAttention)
    const odd = {
      rules: { waiting: { focused: 'shout', elsewhere: 'say', desktop: 1 }, other: {} },
      desktop: 'often',
      muted: { a: null, b: 'x', c: 5 },
      quietHours: { from: -1, to: 9_999 },
    }
    expect(parseAttention(odd)).toEqual({
      ...defaultAttention,
      rules: {
        ...defaultAttention.rules,
        waiting: { focused: 'ask', elsewhere: 'say', desktop: true },
      },
      muted: { a: null, c: 5 },
    })
  })
})

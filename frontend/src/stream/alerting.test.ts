// Who rings, how often, and with which sound, on a fake clock.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { callFor, defaultAttention, type Call } from '../feed/attention'
import { Alerting, answerMs, gatherMissedMs, gatherMs, pauseMs } from './alerting'
import { FakeEnvironment, fakeNotification } from './fake-environment'
import type { Alert } from './tab-messages'

let rung: { tab: string; alert: Alert }[]
let alerting: Alerting

const tab = (name: string, answers = true) => ({
  ring(alert: Alert) {
    rung.push({ tab: name, alert })
    // A tab answers later: it may have to wake up its sound first.
    if (answers) setTimeout(() => alerting.answered(alert.alertId), 200)
  },
})
const make = (...tabs: ReturnType<typeof tab>[]) =>
  (alerting = new Alerting({ environment: new FakeEnvironment(), candidates: () => [...tabs] }))
const signals = () => rung.map(({ alert }) => alert.signal)
const call = (values: Parameters<typeof fakeNotification>[0] = {}, isFocused = false): Call =>
  callFor(fakeNotification(values), defaultAttention, { isFocused, nowMs: Date.now() })

beforeEach(() => {
  vi.useFakeTimers()
  rung = []
})
afterEach(() => vi.useRealTimers())

describe('Alerting', () => {
  it('rings once for what comes together, in one tab, with the sound of its gravest', () => {
    make(tab('first'), tab('second'))
    alerting.add([call({ level: 'info' })])
    alerting.add([call({ state: 'failed' })])
    alerting.add([call()])
    vi.advanceTimersByTime(60_000)
    expect(rung).toHaveLength(1)
    expect(rung[0]).toMatchObject({ tab: 'first', alert: { signal: 'alarm', count: 3 } })
  })

  it('rings once for a burst, however long, and again after a pause', () => {
    make(tab('only'))
    for (let count = 0; count < 20; count++) {
      alerting.add([call({ state: 'done' })])
      vi.advanceTimersByTime(1_000)
    }
    expect(signals()).toEqual(['chime'])
    vi.advanceTimersByTime(pauseMs)
    alerting.add([call({ state: 'done' })])
    vi.advanceTimersByTime(gatherMs)
    expect(signals()).toEqual(['chime', 'chime'])
  })

  it('rings now and then for a burst without end', () => {
    make(tab('only'))
    for (let count = 0; count < 65; count++) {
      alerting.add([call()])
      vi.advanceTimersByTime(1_000)
    }
    expect(signals()).toHaveLength(3)
  })

  it('rings once more in a burst for what is graver, and not for what is not', () => {
    make(tab('only'))
    for (const state of ['done', 'failed', 'failed', 'waiting', 'done'] as const) {
      alerting.add([call({ state })])
      vi.advanceTimersByTime(200)
    }
    expect(signals().filter(Boolean)).toEqual(['chime', 'alarm', 'ask'])
  })

  it('does not send the same sound twice while a tab still wakes up', () => {
    make(tab('slow'))
    alerting.add([call({ state: 'done' })])
    vi.advanceTimersByTime(gatherMs + 15)
    alerting.add([call({ state: 'done' })])
    vi.advanceTimersByTime(1_000)
    expect(signals()).toEqual(['chime'])
  })

  it('says nothing where nothing is wanted', () => {
    make(tab('only'))
    alerting.add([call({ state: 'done' }, true), call({ state: 'running' })])
    vi.advanceTimersByTime(60_000)
    expect(rung).toEqual([])
  })

  it('shows on the desktop what comes in a burst, without a second sound', () => {
    make(tab('only'))
    const [one, two] = [call({ state: 'waiting' }), call({ state: 'waiting' })]
    alerting.add([one])
    vi.advanceTimersByTime(200)
    alerting.add([two])
    vi.advanceTimersByTime(200)
    expect(signals()).toEqual(['ask', undefined])
    expect(rung.map(({ alert }) => alert.desktop)).toEqual([[one.notification], [two.notification]])
  })

  it('gathers what was missed until it is complete', () => {
    make(tab('only'))
    for (const state of ['done', 'failed', 'done'] as const) {
      alerting.add([call({ state })], true)
      vi.advanceTimersByTime(gatherMissedMs - 1)
    }
    expect(rung).toEqual([])
    vi.advanceTimersByTime(1)
    expect(rung).toMatchObject([{ alert: { signal: 'alarm', count: 3 } }])
  })

  it('asks the next tab when one does not answer', () => {
    make(tab('frozen', false), tab('awake'), tab('unneeded'))
    alerting.add([call()])
    vi.advanceTimersByTime(gatherMs + 3 * answerMs)
    expect(rung.map((entry) => entry.tab)).toEqual(['frozen', 'awake'])
  })
})

// Who rings, how often, and with which sound, on a fake clock.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Alerting, answerMs, gatherMs, pauseMs } from './alerting'
import { FakeEnvironment, fakeNotification } from './fake-environment'
import type { Alert } from './tab-messages'

let rung: { tab: string; alert: Alert }[]
let alerting: Alerting

const tab = (name: string, answers = true) => ({
  ring(alert: Alert) {
    rung.push({ tab: name, alert })
    if (answers) alerting.answered(alert.alertId)
  },
})
const make = (...tabs: ReturnType<typeof tab>[]) =>
  (alerting = new Alerting({ environment: new FakeEnvironment(), candidates: () => [...tabs] }))
const sounds = () => rung.map(({ alert }) => alert.sound)

beforeEach(() => {
  vi.useFakeTimers()
  rung = []
})
afterEach(() => vi.useRealTimers())

describe('Alerting', () => {
  it('rings once for what comes together, in one tab, with the sound of its gravest', () => {
    make(tab('first'), tab('second'))
    alerting.add([fakeNotification({ level: 'info' })], false)
    alerting.add([fakeNotification({ level: 'error' })], false)
    alerting.add([fakeNotification()], false)
    vi.advanceTimersByTime(60_000)
    expect(rung).toHaveLength(1)
    expect(rung[0]).toMatchObject({ tab: 'first', alert: { sound: 'alarm', unseen: [] } })
  })

  it('rings once for a burst, however long, and again after a pause', () => {
    make(tab('only'))
    for (let count = 0; count < 20; count++) {
      alerting.add([fakeNotification()], false)
      vi.advanceTimersByTime(1_000)
    }
    expect(sounds()).toEqual(['chime'])
    vi.advanceTimersByTime(pauseMs)
    alerting.add([fakeNotification()], false)
    vi.advanceTimersByTime(gatherMs)
    expect(sounds()).toEqual(['chime', 'chime'])
  })

  it('rings now and then for a burst without end', () => {
    make(tab('only'))
    for (let count = 0; count < 65; count++) {
      alerting.add([fakeNotification()], false)
      vi.advanceTimersByTime(1_000)
    }
    expect(sounds()).toHaveLength(3)
  })

  it('rings once more in a burst for an error after something harmless', () => {
    make(tab('only'))
    for (const level of ['success', 'error', 'warning', 'info'] as const) {
      alerting.add([fakeNotification({ level })], false)
      vi.advanceTimersByTime(200)
    }
    expect(sounds()).toEqual(['chime', 'alarm'])
  })

  it('passes on everything unseen of a burst, without a second sound', () => {
    make(tab('only'))
    const [seen, one, two] = [fakeNotification(), fakeNotification(), fakeNotification()]
    alerting.add([seen], false)
    alerting.add([one], true)
    vi.advanceTimersByTime(200)
    alerting.add([two], true)
    vi.advanceTimersByTime(200)
    expect(sounds()).toEqual(['chime', undefined])
    expect(rung.map(({ alert }) => alert.unseen)).toEqual([[one], [two, one]])
    expect(rung[0]!.alert.burst).toBe(rung[1]!.alert.burst)
  })

  it('asks the next tab when one does not answer', () => {
    make(tab('frozen', false), tab('awake'), tab('unneeded'))
    alerting.add([fakeNotification()], false)
    vi.advanceTimersByTime(gatherMs + 2 * answerMs)
    expect(rung.map((entry) => entry.tab)).toEqual(['frozen', 'awake'])
  })
})

// Who rings, how often, and with which sound, on a fake clock.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Alerting, answerMs, burstMs, quietMs } from './alerting'
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
  (alerting = new Alerting({
    environment: new FakeEnvironment(),
    candidates: () => [...tabs],
    isUnseen: () => true,
  }))

beforeEach(() => {
  vi.useFakeTimers()
  rung = []
})
afterEach(() => vi.useRealTimers())

describe('Alerting', () => {
  it('rings once for a burst, in one tab, with the sound of its gravest', () => {
    make(tab('first'), tab('second'))
    alerting.add([fakeNotification({ level: 'info' })])
    alerting.add([fakeNotification({ level: 'error' })])
    alerting.add([fakeNotification()])
    vi.advanceTimersByTime(60_000)
    expect(rung).toHaveLength(1)
    expect(rung[0]).toMatchObject({ tab: 'first', alert: { sound: 'alarm', unseen: true } })
    expect(rung[0]!.alert.notifications).toHaveLength(3)
  })

  it('keeps quiet for a while after a sound', () => {
    make(tab('only'))
    for (let count = 0; count < 20; count++) {
      alerting.add([fakeNotification()])
      vi.advanceTimersByTime(80)
    }
    expect(rung).toHaveLength(1)
    vi.advanceTimersByTime(quietMs)
    alerting.add([fakeNotification()])
    vi.advanceTimersByTime(burstMs)
    expect(rung).toHaveLength(2)
  })

  it('breaks the quiet for an error after something harmless, once', () => {
    make(tab('only'))
    for (const level of ['success', 'error', 'warning'] as const) {
      alerting.add([fakeNotification({ level })])
      vi.advanceTimersByTime(200)
    }
    expect(rung.map(({ alert }) => alert.sound)).toEqual(['chime', 'alarm'])
  })

  it('asks the next tab when one does not answer', () => {
    make(tab('frozen', false), tab('awake'), tab('unneeded'))
    alerting.add([fakeNotification()])
    vi.advanceTimersByTime(burstMs + 2 * answerMs)
    expect(rung.map((entry) => entry.tab)).toEqual(['frozen', 'awake'])
  })
})

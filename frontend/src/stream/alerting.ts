// Decides which tab makes the person look up, and when: one sound per browser and per burst, the gravest of it.
// Knows the tabs only by what they say of themselves; what a notification deserves is said in feed/attention.ts.
import { gravityOf, type Call } from '../feed/attention'
import type { StreamEnvironment } from './environment'
import type { Alert } from './tab-messages'

/** What comes within this time is announced together, with the sound of its gravest. */
export const gatherMs = 60
/** What was missed comes in many pieces: it is complete when none has come for so long. */
export const gatherMissedMs = 400
/** A burst goes on for as long as no pause between its notifications is this long. */
export const pauseMs = 2_000
/** Somebody who was out of the room when an endless burst began should hear of it some time. */
export const longestBurstMs = 30_000
/** A tab that does not answer in this time is frozen or gone, and the next one is asked. Hidden tabs are slow. */
export const answerMs = 1_500

export interface AlertTab {
  ring: (alert: Alert) => void
}

export interface AlertingOptions {
  environment: StreamEnvironment
  /** The tabs to ask, the best one first. */
  candidates: () => AlertTab[]
}

interface Burst {
  startedMs: number
  lastMs: number
  /** How grave the gravest was that has rung; 0: nothing yet. */
  rang: number
}

export class Alerting {
  private gathered: Call[] = []
  private gatherTimer: number | undefined
  private burst: Burst | undefined
  private nextAlertId = 1
  /** The timers until the next tab is asked, by alert. */
  private readonly waiting = new Map<number, number>()

  constructor(private readonly options: AlertingOptions) {}

  /** Newest first; `missed`: they came while the stream was away. */
  add(calls: readonly Call[], missed = false): void {
    const wanted = calls.filter(({ signal, desktop }) => signal !== 'off' || desktop)
    const { environment } = this.options
    this.gathered = [...wanted, ...this.gathered]
    if (this.gathered.length === 0) return
    if (missed && this.gatherTimer !== undefined) {
      environment.clearTimer(this.gatherTimer)
      this.gatherTimer = undefined
    }
    const delayMs = missed ? gatherMissedMs : gatherMs
    this.gatherTimer ??= environment.setTimer(() => this.announce(), delayMs)
  }

  /** Something has waited for long: it asks again, whatever else is going on. */
  remind(call: Call): void {
    this.send([call], true, true)
  }

  answered(alertId: number): void {
    const timer = this.waiting.get(alertId)
    if (timer !== undefined) this.options.environment.clearTimer(timer)
    this.waiting.delete(alertId)
  }

  private announce(): void {
    const { gathered } = this
    this.gathered = []
    this.gatherTimer = undefined
    const burst = this.currentBurst()
    const loudest = gravestOf(gathered.filter(({ signal }) => signal !== 'off'))
    const gravity = loudest ? gravityOf(loudest.state) : 0
    // Something grave after something harmless must still be heard; nothing else rings twice in a burst.
    const rings = burst.rang === 0 || (gravity > burst.rang && gravity >= gravityOf('failed'))
    if (rings) burst.rang = gravity
    this.send(gathered, rings, false)
  }

  private send(calls: readonly Call[], rings: boolean, isReminder: boolean): void {
    const loudest = gravestOf(calls.filter(({ signal }) => signal !== 'off'))
    const signal = rings && loudest?.signal !== 'off' ? loudest?.signal : undefined
    const desktop = calls.filter((call) => call.desktop).map(({ notification }) => notification)
    const about = signal ? loudest : gravestOf(calls)
    if (!about || (!signal && desktop.length === 0)) return
    const alertId = this.nextAlertId++
    const alert: Alert = {
      alertId,
      signal,
      gravity: gravityOf(about.state),
      isReminder,
      about: about.notification,
      count: calls.length,
      newestId: calls[0]!.notification.id,
      desktop,
    }
    this.ask(alert, this.options.candidates())
  }

  private currentBurst(): Burst {
    const nowMs = this.options.environment.nowMs()
    const { burst } = this
    if (burst && nowMs - burst.lastMs < pauseMs && nowMs - burst.startedMs < longestBurstMs) {
      burst.lastMs = nowMs
      return burst
    }
    this.burst = { startedMs: nowMs, lastMs: nowMs, rang: 0 }
    return this.burst
  }

  private ask(alert: Alert, [tab, ...remaining]: AlertTab[]): void {
    if (!tab) {
      this.waiting.delete(alert.alertId)
      return
    }
    const timer = this.options.environment.setTimer(() => this.ask(alert, remaining), answerMs)
    this.waiting.set(alert.alertId, timer)
    tab.ring(alert)
  }
}

function gravestOf(calls: readonly Call[]): Call | undefined {
  return calls.reduce<Call | undefined>(
    (gravest, call) =>
      !gravest || gravityOf(call.state) > gravityOf(gravest.state) ? call : gravest,
    undefined,
  )
}

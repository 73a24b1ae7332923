// Decides when the person's attention is asked for, and which tab does it: one sound per browser and per
// burst, none for history. Knows the tabs only by what they say of themselves; plays nothing itself.
import type { Notification } from '../api/notification'
import { soundFor, type AlertSound } from '../feed/alert-sound'
import type { StreamEnvironment } from './environment'
import type { Alert } from './tab-messages'

/** What comes within this time is announced together, with the sound of its gravest. */
export const gatherMs = 60
/** A burst goes on for as long as no pause between its notifications is this long. */
export const pauseMs = 2_000
/** Somebody who was out of the room when an endless burst began should hear of it some time. */
export const longestBurstMs = 30_000
/** A tab that does not answer in this time is frozen or gone, and the next one is asked. */
export const answerMs = 500
const maxUnseen = 50

export interface AlertTab {
  ring(alert: Alert): void
}

export interface AlertingOptions {
  environment: StreamEnvironment
  /** The tabs to ask, the best one first. */
  candidates(): AlertTab[]
}

interface Burst {
  number: number
  startedMs: number
  lastMs: number
  rang: AlertSound | undefined
  unseen: Notification[]
}

export class Alerting {
  private gathered: Notification[] = []
  private gatheredUnseen: Notification[] = []
  private gatherTimer: number | undefined
  private burst: Burst | undefined
  private nextAlertId = 1
  private waiting: { alert: Alert; remaining: AlertTab[] } | undefined
  private answerTimer: number | undefined

  constructor(private readonly options: AlertingOptions) {}

  /** Newest first; `unseen` when no tab was visible as they came in. */
  add(notifications: Notification[], unseen: boolean): void {
    if (notifications.length === 0) return
    this.gathered = [...notifications, ...this.gathered]
    if (unseen) this.gatheredUnseen = [...notifications, ...this.gatheredUnseen]
    this.gatherTimer ??= this.options.environment.setTimer(() => this.announce(), gatherMs)
  }

  answered(alertId: number): void {
    if (this.waiting?.alert.alertId === alertId) this.stopWaiting()
  }

  private announce(): void {
    const { gathered, gatheredUnseen } = this
    this.gathered = []
    this.gatheredUnseen = []
    this.gatherTimer = undefined
    const burst = this.currentBurst()
    burst.unseen = [...gatheredUnseen, ...burst.unseen].slice(0, maxUnseen)
    const wanted = soundFor(gathered)
    // An error after something harmless must still be heard; nothing else rings twice in a burst.
    const rings = !burst.rang || (wanted === 'alarm' && burst.rang === 'chime')
    if (rings) burst.rang = wanted
    const sound = rings ? wanted : this.waiting?.alert.sound
    if (!sound && gatheredUnseen.length === 0) return
    const alertId = this.nextAlertId++
    const alert: Alert = {
      alertId,
      burst: burst.number,
      sound,
      newestId: gathered[0]!.id,
      unseen: burst.unseen,
    }
    this.waiting = { alert, remaining: this.options.candidates() }
    this.ask()
  }

  private currentBurst(): Burst {
    const nowMs = this.options.environment.nowMs()
    const { burst } = this
    if (burst && nowMs - burst.lastMs < pauseMs && nowMs - burst.startedMs < longestBurstMs) {
      burst.lastMs = nowMs
      return burst
    }
    const number = (burst?.number ?? 0) + 1
    this.burst = { number, startedMs: nowMs, lastMs: nowMs, rang: undefined, unseen: [] }
    return this.burst
  }

  private ask(): void {
    const { waiting } = this
    const tab = waiting?.remaining.shift()
    if (!waiting || !tab) {
      this.stopWaiting()
      return
    }
    const { environment } = this.options
    if (this.answerTimer !== undefined) environment.clearTimer(this.answerTimer)
    this.answerTimer = environment.setTimer(() => this.ask(), answerMs)
    tab.ring(waiting.alert)
  }

  private stopWaiting(): void {
    this.waiting = undefined
    if (this.answerTimer !== undefined) this.options.environment.clearTimer(this.answerTimer)
    this.answerTimer = undefined
  }
}

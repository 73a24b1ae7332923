// Decides when the person's attention is asked for, and which tab does it: one sound per browser and per
// burst, none for history. Knows the tabs only by what they say of themselves; plays nothing itself.
import type { Notification } from '../api/notification'
import { soundFor, type AlertSound } from '../feed/alert-sound'
import type { StreamEnvironment } from './environment'
import type { Alert } from './tab-messages'

/** What comes within this time is one burst and rings once, with the sound of its gravest. */
export const burstMs = 60
/** After a sound, another of the same gravity waits at least this long. */
export const quietMs = 2_000
/** A tab that does not answer in this time is frozen or gone, and the next one is asked. */
export const answerMs = 500

export interface AlertTab {
  ring(alert: Alert): void
}

export interface AlertingOptions {
  environment: StreamEnvironment
  /** The tabs to ask, the best one first. */
  candidates(): AlertTab[]
  /** No tab is visible. */
  isUnseen(): boolean
}

export class Alerting {
  private burst: Notification[] = []
  private burstTimer: number | undefined
  private answerTimer: number | undefined
  private lastRing: { atMs: number; sound: AlertSound } | undefined
  private nextAlertId = 1
  private waiting: { alert: Alert; remaining: AlertTab[] } | undefined

  constructor(private readonly options: AlertingOptions) {}

  add(notifications: Notification[]): void {
    if (notifications.length === 0) return
    this.burst = [...notifications, ...this.burst]
    this.burstTimer ??= this.options.environment.setTimer(() => this.ring(), burstMs)
  }

  answered(alertId: number): void {
    if (this.waiting?.alert.alertId !== alertId) return
    this.waiting = undefined
    if (this.answerTimer !== undefined) this.options.environment.clearTimer(this.answerTimer)
    this.answerTimer = undefined
  }

  private ring(): void {
    const notifications = this.burst
    this.burst = []
    this.burstTimer = undefined
    const sound = soundFor(notifications)
    const atMs = this.options.environment.nowMs()
    const last = this.lastRing
    if (last && atMs - last.atMs < quietMs) {
      // An error right after a harmless message must still be heard; nothing else breaks the quiet.
      if (!(sound === 'alarm' && last.sound === 'chime')) return
    }
    this.lastRing = { atMs, sound }
    const alertId = this.nextAlertId++
    const alert = { alertId, sound, notifications, unseen: this.options.isUnseen() }
    this.waiting = { alert, remaining: this.options.candidates() }
    this.ask()
  }

  private ask(): void {
    const { environment } = this.options
    if (this.answerTimer !== undefined) environment.clearTimer(this.answerTimer)
    this.answerTimer = undefined
    const tab = this.waiting?.remaining.shift()
    if (!this.waiting || !tab) {
      this.waiting = undefined
      return
    }
    this.answerTimer = environment.setTimer(() => this.ask(), answerMs)
    tab.ring(this.waiting.alert)
  }
}

// Somebody waits and nobody comes: after some minutes it is said again, a few times; and once more when a delay that
// was asked for is over. Counts for this browser only.
import type { Notification } from '../api/notification'
import { isOpen, isSnoozed } from '../feed/states'
import type { StreamEnvironment } from './environment'

export const remindAfterMs = 5 * 60_000
export const mostReminders = 6
const lookEveryMs = 15_000

interface Waiting {
  /** When it was first seen here, or last said. */
  lastMs: number
  said: number
  wasSnoozed: boolean
}

export interface RemindersOptions {
  environment: StreamEnvironment
  /** All that is open. */
  open: () => Notification[]
  remind: (notification: Notification) => void
}

export class Reminders {
  private readonly waiting = new Map<string, Waiting>()
  private timer: number | undefined

  constructor(private readonly options: RemindersOptions) {}

  /** To be called whenever something may have changed. */
  look(): void {
    const { environment } = this.options
    const nowMs = environment.nowMs()
    const open = this.options.open().filter((one) => one.state === 'waiting' && isOpen(one))
    const ids = new Set(open.map(({ id }) => id))
    for (const id of this.waiting.keys()) if (!ids.has(id)) this.waiting.delete(id)
    for (const notification of open) this.lookAt(notification, nowMs)
    if (open.length === 0 && this.timer !== undefined) {
      environment.clearTimer(this.timer)
      this.timer = undefined
    } else if (open.length > 0) {
      this.timer ??= environment.setTimer(() => {
        this.timer = undefined
        this.look()
      }, lookEveryMs)
    }
  }

  stop(): void {
    if (this.timer !== undefined) this.options.environment.clearTimer(this.timer)
    this.timer = undefined
  }

  private lookAt(notification: Notification, nowMs: number): void {
    const snoozed = isSnoozed(notification, nowMs)
    const known = this.waiting.get(notification.id)
    if (!known) {
      this.waiting.set(notification.id, { lastMs: nowMs, said: 0, wasSnoozed: snoozed })
      return
    }
    // Also when the delay is called off: then it asks at once.
    const delayIsOver = known.wasSnoozed && !snoozed
    known.wasSnoozed = snoozed
    const due = nowMs - known.lastMs >= remindAfterMs && known.said < mostReminders
    if (snoozed || !(due || delayIsOver)) return
    known.lastMs = nowMs
    known.said = delayIsOver ? 0 : known.said + 1
    this.options.remind(notification)
  }
}

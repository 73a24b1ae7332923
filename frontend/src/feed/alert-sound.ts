// Which of the two sounds announces notifications. Plays nothing, and does not decide when.
import type { Notification } from '../api/notification'

export type AlertSound = 'chime' | 'alarm'

/** The sound of the gravest among them. */
export function soundFor(notifications: readonly Notification[]): AlertSound {
  const grave = notifications.some(({ level }) => level === 'warning' || level === 'error')
  return grave ? 'alarm' : 'chime'
}

// The shapes that the server sends and takes, under the names the page uses. They are the generated ones:
// nothing here may describe a field that the server's own specification does not have.
import type { Format, Level, Notification, State } from './generated'
export type {
  ErrorBody,
  Format,
  Hello,
  Level,
  NewNotification,
  Notification,
  State,
  StoredAction,
} from './generated'

/** What the list can be narrowed down to; of several values of one field any will do. */
export interface ListParameters {
  before?: string
  q?: string
  level?: Level[]
  tag?: string[]
  source?: string[]
  actor?: string[]
  state?: State[]
  key?: string[]
  open?: boolean
}

/** Notifications, newest first, as one answer brings them. */
export interface Page {
  notifications: Notification[]
  /** The id that the next page begins after; undefined when there is none. */
  floor: string | undefined
}

export const states = ['waiting', 'running', 'done', 'failed'] as const
export const levels = ['info', 'success', 'warning', 'error'] as const
export const formats = ['text', 'code', 'markdown'] as const satisfies readonly Format[]

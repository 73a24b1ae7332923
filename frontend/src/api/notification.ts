// The shapes that the server sends and takes, under the names the page uses. They are the generated ones:
// nothing here may describe a field that the server's own specification does not have.
import type { Level } from './generated'
export type { ErrorBody, Hello, Level, NewNotification, Notification, State } from './generated'

/** What the list can be narrowed down to. */
export interface ListParameters {
  before?: string
  q?: string
  level?: Level
  tag?: string
}

export const states = ['waiting', 'running', 'done', 'failed'] as const
export const levels = ['info', 'success', 'warning', 'error'] as const

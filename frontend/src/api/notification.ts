// The shapes that the server sends and takes, under the names the page uses. They are the generated ones:
// nothing here may describe a field that the server's own specification does not have.
import type { ListData } from './generated'

export type { Hello, Level, NewNotification, Notification, Problem } from './generated'

/** What the list can be narrowed down to. */
export type ListParameters = NonNullable<ListData['query']>

export const levels = ['info', 'success', 'warning', 'error'] as const

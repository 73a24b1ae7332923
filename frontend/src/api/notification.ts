// The shapes that the server sends, under the names the page uses. They come from the generated types;
// nothing here may describe a field that the server's own specification does not have.
export type Level = 'info' | 'success' | 'warning' | 'error'

export interface Notification {
  id: string
  message: string
  timestamp: string
  title?: string
  level?: Level
  tags?: string[]
  link?: string
}

export interface NewNotification {
  message: string
  title?: string
  level?: Level
  tags?: string[]
  link?: string
}

export const levels: readonly Level[] = ['info', 'success', 'warning', 'error']

// A notification as the rows show it: a title and the one line of the message that says most.
import type { Notification } from '../api/notification'
import { plainText } from './ansi'
import { looksLikeCode } from './content'
import { stateOf } from './states'

export interface RowText {
  title: string
  gist: string
  /** The gist is a line of code or of a program's output. */
  isCode: boolean
}

const strongWords = /\w*(?:Error|Exception)\b|panicked|^\s*error\b|^\s*fatal\b|\*\*\*/
const weakWords = /error|failed|failure|exception|cannot|denied/i

export function rowText(notification: Notification): RowText {
  const message = plainText(notification.message)
  const lines = message.split('\n').filter((line) => line.trim() !== '')
  const title = notification.title ?? lines[0]?.trim() ?? ''
  const rest = notification.title ? lines : lines.slice(1)
  const gist = stateOf(notification) === 'failed' ? tellingLine(rest) : (rest[0] ?? '')
  const isCode =
    notification.format === 'code' || looksLikeCode(notification.message, notification.format)
  return { title, gist: gist.trim(), isCode }
}

/** The line that names the error: compilers say it first, stack traces last. */
export function tellingLine(lines: readonly string[]): string {
  for (const words of [strongWords, weakWords]) {
    if (words.test(lines[0] ?? '')) return lines[0]!
    const line = lines.findLast((one) => words.test(one))
    if (line !== undefined) return line
  }
  return lines[0] ?? ''
}

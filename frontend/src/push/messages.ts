// What the hub pushes, and what the service worker and the page say to each other. Plain data.
import { parseObject } from '../api/parse'

export interface PushedCard {
  type: 'show'
  id: string
  about: string
  state: 'waiting' | 'failed'
  title?: string
  source?: string
  actor?: string
  message: string
}

export type Pushed = PushedCard | { type: 'close'; id: string }

/** Whatever is not what it should be is nothing: a newer hub may say more. */
export function parsePushed(text: string): Pushed | undefined {
  const value = parseObject(text)
  if (!value || typeof value.id !== 'string') return undefined
  const { type, id, about, state, message } = value
  if (type === 'close') return { type, id }
  if (type !== 'show' || typeof about !== 'string' || typeof message !== 'string') return undefined
  if (state !== 'waiting' && state !== 'failed') return undefined
  const card: PushedCard = { type, id, about, state, message }
  for (const name of ['title', 'source', 'actor'] as const) {
    const its = value[name]
    if (typeof its === 'string') card[name] = its
  }
  return card
}

export type WorkerToPage =
  | { type: 'open'; id: string }
  /** Does the page sound for what comes? It answers true or false through the port. */
  | { type: 'sounds?' }

/** Behind this the address of a page says what to open. */
export const openMark = '#open='

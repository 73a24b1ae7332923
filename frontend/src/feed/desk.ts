// The feed as somebody works from it: who waits, what runs, and rows in which what belongs together is folded. Pure
// functions of what is known and of the time.
import type { Notification } from '../api/notification'
import type { FeedView } from './feed-view'
import { rowText } from './row-text'
import { isOpen, isSnoozed, isWaiting, stateOf, type ShownState } from './states'

/** The same from the same speaker within this time is one row. */
export const foldWithinMs = 60 * 60_000

export interface Card {
  id: string
  notification: Notification
  state: ShownState
  /** A person has settled it, or a newer success has. */
  isResolved: boolean
  title: string
  gist: string
  isCode: boolean
  timeMs: number
  /** When the waiting or running began. */
  sinceMs: number
}

export interface Row {
  card: Card
  /** What is folded under it, newest first. */
  earlier: Card[]
  isUnread: boolean
}

export interface Session {
  id: string
  actor: string
  name: string
  key: string | undefined
  state: 'waiting' | 'running'
}

export interface Project {
  name: string
  waiting: number
  failed: number
  unread: number
  newestId: string
  sessions: Session[]
}

export interface Desk {
  /** Who waits for a person, the longest first. */
  needs: Card[]
  /** What runs, the newest first. */
  running: Card[]
  rows: Row[]
  projects: Project[]
  failed: number
  unread: number
  unreadFailed: number
}

// A notification is never changed in place, so what is shown of it is worked out once.
const cards = new WeakMap<Notification, Card>()

export function cardOf(notification: Notification): Card {
  let card = cards.get(notification)
  if (!card) {
    const timeMs = Date.parse(notification.timestamp)
    card = {
      id: notification.id,
      notification,
      state: stateOf(notification),
      isResolved: notification.resolved_at !== undefined,
      ...rowText(notification),
      timeMs,
      sinceMs: notification.since ? Date.parse(notification.since) : timeMs,
    }
    cards.set(notification, card)
  }
  return card
}

export function makeDesk(view: FeedView, nowMs: number, isUnread: (id: string) => boolean): Desk {
  const needs: Card[] = []
  const running: Card[] = []
  const rows: Row[] = []
  const fold = new Folding(rows)
  for (const notification of view.list) {
    const card = cardOf(notification)
    if (isWaiting(notification, nowMs)) needs.push(card)
    else if (card.state === 'running' && isOpen(notification)) running.push(card)
    else if (!fold.take(card)) fold.begin(card, isUnread(card.id))
  }
  for (const notification of view.open) {
    const card = cardOf(notification)
    if (isWaiting(notification, nowMs)) needs.push(card)
    else if (isSnoozed(notification, nowMs)) rows.push({ card, earlier: [], isUnread: false })
    else running.push(card)
  }
  needs.sort((one, other) => one.sinceMs - other.sinceMs)
  const unreadRows = rows.filter((row) => row.isUnread)
  return {
    needs,
    running,
    rows,
    projects: projectsOf(needs, running, rows),
    failed: rows.filter(isFailing).length,
    unread: unreadRows.length,
    unreadFailed: unreadRows.filter(isFailing).length,
  }
}

/** It failed, and nobody and nothing has settled that. */
export function isFailing({ card }: Row): boolean {
  return card.state === 'failed' && !card.isResolved
}

class Folding {
  private readonly byKey = new Map<string, Row>()
  private readonly byTitle = new Map<string, Row>()
  private readonly successes = new Map<string, Row>()

  constructor(private readonly rows: Row[]) {}

  begin(card: Card, isUnread: boolean): void {
    const row: Row = { card, earlier: [], isUnread }
    this.rows.push(row)
    const { key, thing, title } = names(card)
    if (key) this.byKey.set(key, row)
    else this.byTitle.set(title, row)
    if (thing && card.state === 'done') this.successes.set(thing, row)
  }

  /** Whether it belongs under a newer one. */
  take(card: Card): boolean {
    const { key, thing, title } = names(card)
    if (key) {
      const row = this.byKey.get(key)
      row?.earlier.push(asEarlier(card, row))
      return row !== undefined
    }
    const same = this.byTitle.get(title)
    if (same && same.card.timeMs - card.timeMs <= foldWithinMs) {
      same.earlier.push(card)
      return true
    }
    // A failure is never folded into a success, but replaced by it.
    const success = card.state === 'failed' && thing ? this.successes.get(thing) : undefined
    success?.earlier.push(asEarlier(card, success))
    return success !== undefined
  }
}

function asEarlier(card: Card, row: Row): Card {
  const settled = card.state === 'failed' && row.card.state === 'done'
  return settled ? { ...card, isResolved: true } : card
}

function names({ notification, title, state }: Card) {
  const { source = '', actor = '', key } = notification
  const thing = source || actor ? JSON.stringify([source, actor, title]) : undefined
  return {
    key: key === undefined ? undefined : JSON.stringify([source, key]),
    thing: key === undefined ? thing : undefined,
    // Only what has a title of its own repeats itself; two equal bare messages may be two things.
    title: JSON.stringify(
      notification.title ? [source, actor, title, state] : [source, actor, title, state, 'bare'],
    ),
  }
}

function projectsOf(needs: Card[], running: Card[], rows: Row[]): Project[] {
  const projects = new Map<string, Project>()
  const projectOf = ({ id, notification }: Card): Project | undefined => {
    const { source } = notification
    if (source === undefined) return undefined
    let project = projects.get(source)
    if (!project) {
      project = { name: source, waiting: 0, failed: 0, unread: 0, newestId: id, sessions: [] }
      projects.set(source, project)
    }
    if (id > project.newestId) project.newestId = id
    return project
  }
  for (const [state, open] of [['waiting', needs] as const, ['running', running] as const]) {
    for (const card of open) {
      const project = projectOf(card)
      const { actor = '', key } = card.notification
      project?.sessions.push({ id: card.id, actor, name: card.title, key, state })
      if (project && state === 'waiting') project.waiting += 1
    }
  }
  for (const row of rows) {
    const project = projectOf(row.card)
    if (!project) continue
    if (isFailing(row)) project.failed += 1
    if (row.isUnread) project.unread += 1
  }
  const rank = ({ waiting, failed }: Project) => (waiting > 0 ? 2 : failed > 0 ? 1 : 0)
  return [...projects.values()].sort(
    (one, other) => rank(other) - rank(one) || (one.newestId < other.newestId ? 1 : -1),
  )
}

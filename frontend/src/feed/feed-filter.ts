// What a view of the feed is narrowed down to: the words of the search field, its place in the page's address, what the
// server is asked for, and the same test on this side for items that come in live.
import { levels, type Level, type ListParameters, type Notification } from '../api/notification'
import { shownStates, stateOf, type ShownState } from './states'

export const deskViews = ['desk', 'waiting', 'failed', 'done'] as const
export type DeskView = (typeof deskViews)[number]

export interface FeedFilter {
  view: DeskView
  /** As it was typed: words, "words that belong together", and `field:value`. */
  text: string
}

export interface Query {
  words: string[]
  source: string[]
  actor: string[]
  key: string[]
  state: ShownState[]
  level: Level[]
  tag: string[]
  withoutTag: string[]
}

export const wholeFeed: FeedFilter = { view: 'desk', text: '' }

/** `project:` and `from:` are what people say; the fields' own names do as well. */
const fields: Record<string, keyof Query> = {
  project: 'source',
  source: 'source',
  from: 'actor',
  actor: 'actor',
  key: 'key',
  state: 'state',
  level: 'level',
  tag: 'tag',
  '-tag': 'withoutTag',
}

const token = /(-?[a-z]+):(?:"([^"]*)"?|(\S+))|"([^"]*)"?|(\S+)/gi

export function parseQuery(text: string): Query {
  const query: Query = {
    words: [],
    source: [],
    actor: [],
    key: [],
    state: [],
    level: [],
    tag: [],
    withoutTag: [],
  }
  for (const [whole, name, quoted, plain, phrase, word] of text.matchAll(token)) {
    const field = name && fields[name.toLowerCase()]
    const value = quoted ?? plain ?? ''
    if (!field) {
      // What only looks like a field, such as an address, is a word.
      const searched = name ? whole : (phrase ?? word ?? '')
      if (searched) query.words.push(searched.toLowerCase())
    } else if (field === 'tag' && value.startsWith('-')) {
      query.withoutTag.push(value.slice(1))
    } else if (field === 'state' || field === 'level') {
      const known: readonly string[] = field === 'state' ? shownStates : levels
      if (known.includes(value)) (query[field] as string[]).push(value)
    } else if (value) {
      query[field].push(value)
    }
  }
  return query
}

/** `field:value` as it is typed. */
export function fieldText(field: string, value: string): string {
  return `${field}:${/[\s"]/.test(value) || value === '' ? `"${value.replaceAll('"', '')}"` : value}`
}

/** The text with `field:value` in it once, or without it if it was there. */
export function withField(text: string, field: string, value: string | undefined): string {
  const target = fields[field]
  const others = [...text.matchAll(token)]
    .filter(([, name]) => !name || fields[name.toLowerCase()] !== target)
    .map(([whole]) => whole)
  return [...others, ...(value === undefined ? [] : [fieldText(field, value)])].join(' ')
}

export function isSearching({ text }: FeedFilter): boolean {
  return text.trim() !== ''
}

export function filterFromSearch(search: string): FeedFilter {
  const parameters = new URLSearchParams(search)
  const view = parameters.get('view') as DeskView
  // Earlier versions of the page had fields of their own for these.
  const earlier = ['level', 'tag'].flatMap((name) => {
    const value = parameters.get(name)
    return value ? [fieldText(name, value)] : []
  })
  const text = [parameters.get('q')?.trim(), ...earlier].filter(Boolean).join(' ')
  return { view: deskViews.includes(view) ? view : 'desk', text }
}

/** The query part of an address, with its question mark, or nothing for the whole feed. */
export function searchFromFilter({ view, text }: FeedFilter): string {
  const parameters = new URLSearchParams()
  if (text.trim()) parameters.set('q', text.trim())
  if (view !== 'desk') parameters.set('view', view)
  return parameters.size > 0 ? `?${parameters}` : ''
}

/** What the server is asked for; it may find more than `matchesQuery` then lets through. */
export function listParameters(query: Query): ListParameters {
  const { words, source, actor, key, state, tag, withoutTag } = query
  const q = words.map((word) => (/\s/.test(word) ? `"${word}"` : word)).join(' ')
  const parameters: ListParameters = { source, actor, key }
  if (q) parameters.q = q
  parameters.tag = [...tag, ...withoutTag.map((name) => `-${name}`)]
  parameters.level = query.level.length > 0 ? query.level : levelsOf(state)
  if (state.length > 0 && state.every((one) => one === 'waiting' || one === 'running')) {
    parameters.state = state
  }
  return parameters
}

/** The hub knows states and levels; what the page shows as failed or done may have only the one or the other. */
function levelsOf(state: readonly ShownState[]): Level[] {
  const levelOf: Partial<Record<ShownState, Level>> = { failed: 'error', done: 'success' }
  const wanted = state.map((one) => levelOf[one])
  return wanted.every((level) => level !== undefined) ? wanted : []
}

export function matchesQuery(notification: Notification, query: Query): boolean {
  const { title, message, link, source, actor, key, level, tags = [] } = notification
  const has = (wanted: readonly string[], value: string | undefined) =>
    wanted.length === 0 || (value !== undefined && wanted.includes(value))
  if (!has(query.source, source) || !has(query.actor, actor) || !has(query.key, key)) return false
  if (!has(query.level, level) || !has(query.state, stateOf(notification))) return false
  if (query.tag.length > 0 && !query.tag.some((tag) => tags.includes(tag))) return false
  if (query.withoutTag.some((tag) => tags.includes(tag))) return false
  const texts = [title, message, link, source, actor, ...tags].map((text) => text?.toLowerCase())
  return query.words.every((word) => texts.some((text) => text?.includes(word)))
}

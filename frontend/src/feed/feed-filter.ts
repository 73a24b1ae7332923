// What a view of the feed is narrowed down to, its place in the page's address, and the same test on this
// side that the server makes, for items that come in live.
import { levels, type Level, type ListParameters, type Notification } from '../api/notification'

export type FeedFilter = Pick<ListParameters, 'q' | 'level' | 'tag'>

export function isFiltering(filter: FeedFilter): boolean {
  return Boolean(filter.q || filter.level || filter.tag)
}

export function filterFromSearch(search: string): FeedFilter {
  const parameters = new URLSearchParams(search)
  const filter: FeedFilter = {}
  const q = parameters.get('q')?.trim()
  const level = parameters.get('level') as Level | null
  const tag = parameters.get('tag')
  if (q) filter.q = q
  if (level && levels.includes(level)) filter.level = level
  if (tag) filter.tag = tag
  return filter
}

/** The query part of an address, with its question mark, or nothing for the whole feed. */
export function searchFromFilter(filter: FeedFilter): string {
  const parameters = new URLSearchParams()
  for (const name of ['q', 'level', 'tag'] as const) {
    const value = filter[name]
    if (value) parameters.set(name, value)
  }
  return parameters.size > 0 ? `?${parameters}` : ''
}

export function matchesFilter(notification: Notification, filter: FeedFilter): boolean {
  if (filter.level && notification.level !== filter.level) return false
  const { title, message, link, source, actor, tags = [] } = notification
  if (filter.tag && !matchesTag(tags, filter.tag)) return false
  const fields = [title, message, link, source, actor, ...tags].map((text) => text?.toLowerCase())
  return wordsOf(filter.q ?? '').every((word) => fields.some((field) => field?.includes(word)))
}

/** With `-` before it: without that tag. */
function matchesTag(tags: readonly string[], wanted: string): boolean {
  const isExcluded = wanted.length > 1 && wanted.startsWith('-')
  return isExcluded ? !tags.includes(wanted.slice(1)) : tags.includes(wanted)
}

/** Words are separated by spaces; those in double quotes belong together. */
function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split('"')
    .flatMap((part, index) => (index % 2 === 1 ? [part] : part.split(/\s+/)))
    .filter((word) => word !== '')
}

// Filters that were given a name, to come back to.
import { deskViews, type DeskView, type FeedFilter } from './feed-filter'

export interface SavedView extends FeedFilter {
  name: string
}

/** As many as have a key of their own, and some more. */
export const mostViews = 12
export const maxNameChars = 40

/** What is stored may come from another version, or from somebody's hand. */
export function parseViews(value: unknown): readonly SavedView[] {
  if (!Array.isArray(value)) return []
  const views: SavedView[] = []
  for (const one of value as unknown[]) {
    const { name, view, text } = (one ?? {}) as Record<string, unknown>
    if (typeof name !== 'string' || name.trim() === '' || typeof text !== 'string') continue
    if (!deskViews.includes(view as DeskView) || views.some((other) => other.name === name))
      continue
    views.push({ name: name.slice(0, maxNameChars), view: view as DeskView, text })
  }
  return views.slice(0, mostViews)
}

/** With it as the last one; one of the same name is replaced where it stands. */
export function withView(views: readonly SavedView[], saved: SavedView): readonly SavedView[] {
  const isThere = views.some(({ name }) => name === saved.name)
  if (!isThere) return [...views, saved].slice(-mostViews)
  return views.map((one) => (one.name === saved.name ? saved : one))
}

export function isSameFilter(one: FeedFilter, other: FeedFilter): boolean {
  return one.view === other.view && one.text.trim() === other.text.trim()
}

// What is unread, and when it ends: by looking. A row counts as looked at when the window has the focus and the row was
// on the screen for a while. A page that is merely visible on a second screen ends nothing.
import { computed, onScopeDispose, ref, watch, type Ref } from 'vue'
import type { FeedConnection } from '../stream/feed-connection'
import type { ReadState } from '../stream/tab-messages'

export const lookMs = 1_500

export interface ReadingOptions {
  connection: Pick<FeedConnection, 'seen' | 'seenThrough'>
  read: Ref<ReadState>
  isFocused: Ref<boolean>
  /** The ids of the rows on the screen, with those that are folded under them. */
  onScreen: Ref<readonly string[]>
}

export function useReading({ connection, read, isFocused, onScreen }: ReadingOptions) {
  const seen = computed(() => new Set(read.value.seen))
  const isUnread = computed(() => {
    const { through } = read.value
    return (id: string) => (through === undefined || id > through) && !seen.value.has(id)
  })

  const lookingAt = new Map<string, ReturnType<typeof setTimeout>>()
  let looked: string[] = []
  let teller: ReturnType<typeof setTimeout> | undefined

  function tell(): void {
    teller = undefined
    if (looked.length > 0) connection.seen(looked)
    looked = []
  }

  function markSeen(ids: readonly string[]): void {
    const unread = ids.filter(isUnread.value)
    if (unread.length === 0) return
    looked.push(...unread)
    teller ??= setTimeout(tell)
  }

  watch(
    [isFocused, onScreen, isUnread],
    () => {
      const wanted = new Set(isFocused.value ? onScreen.value.filter(isUnread.value) : [])
      for (const [id, timer] of lookingAt) {
        if (wanted.has(id)) continue
        clearTimeout(timer)
        lookingAt.delete(id)
      }
      for (const id of wanted) {
        if (lookingAt.has(id)) continue
        const end = () => {
          lookingAt.delete(id)
          markSeen([id])
        }
        lookingAt.set(id, setTimeout(end, lookMs))
      }
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    clearTimeout(teller)
    for (const timer of lookingAt.values()) clearTimeout(timer)
  })

  /** Up to where all was read when somebody began to look; it stays there while they do. */
  const line = ref(read.value.through)
  const hasLine = ref(false)
  watch(isFocused, () => (line.value = read.value.through))
  watch(
    () => read.value.through,
    (through) => {
      // The first word of the hub, or what another device has read meanwhile.
      if (!hasLine.value || !isFocused.value) line.value = through
      if (through !== undefined) hasLine.value = true
    },
  )

  return { isUnread, markSeen, line, seenThrough: (id: string) => connection.seenThrough(id) }
}

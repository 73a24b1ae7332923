// Tells the connection what this tab can do just now, and wakes it whenever timers may have slept: on
// becoming visible, on coming back from the back/forward cache, when the network comes or goes.
import { onScopeDispose, watch, type Ref } from 'vue'
import type { FeedConnection } from '../stream/feed-connection'
import type { SavedPosition } from '../stream/tab-messages'

export interface PresenceOptions {
  connection: FeedConnection
  audible: Ref<boolean>
  /** Somebody looks at the page, and not only at the screen that it is on. */
  isFocused: Ref<boolean>
  /** Called when nobody sees the page any more: it may never be heard of again. */
  onHide: () => void
  /** Called when the page goes away, for what must not be lost. */
  onLeave: () => SavedPosition | undefined
}

export function usePresence(options: PresenceOptions): void {
  const { connection, audible, isFocused, onHide, onLeave } = options
  const tell = () => {
    const visible = !document.hidden
    isFocused.value = visible && document.hasFocus()
    connection.setPresence({ visible, focused: isFocused.value, audible: audible.value })
  }
  let left: SavedPosition | undefined

  const listeners: [EventTarget, string, (event: Event) => void][] = [
    [
      document,
      'visibilitychange',
      () => {
        tell()
        if (!document.hidden) connection.wake('visible')
        else onHide()
      },
    ],
    [window, 'focus', tell],
    [window, 'blur', tell],
    [window, 'online', () => connection.wake('online')],
    [window, 'offline', () => connection.wake('offline')],
    [
      window,
      'pagehide',
      () => {
        left = onLeave()
        connection.close()
      },
    ],
    [
      window,
      'pageshow',
      (event) => {
        // The first showing of a page is none of our business: it has just been opened.
        if (!(event as PageTransitionEvent).persisted) return
        connection.open(left)
        tell()
        connection.wake('visible')
      },
    ],
  ]
  for (const [target, type, listener] of listeners) target.addEventListener(type, listener)
  onScopeDispose(() => {
    for (const [target, type, listener] of listeners) target.removeEventListener(type, listener)
  })
  watch(audible, tell)
  tell()
}

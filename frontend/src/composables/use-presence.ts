// Tells the connection what this tab can do just now, and wakes it whenever timers may have slept: on
// becoming visible, on coming back from the back/forward cache, when the network comes or goes.
import { onScopeDispose, watch, type Ref } from 'vue'
import type { FeedConnection } from '../stream/feed-connection'
import type { SavedPosition } from '../stream/tab-messages'

export interface PresenceOptions {
  connection: FeedConnection
  audible: Ref<boolean>
  /** Called when the page goes away, for what must not be lost. */
  onLeave(): SavedPosition | undefined
}

export function usePresence({ connection, audible, onLeave }: PresenceOptions): void {
  const tell = () => connection.setPresence({ visible: !document.hidden, audible: audible.value })
  let left: SavedPosition | undefined

  const listeners: [EventTarget, string, (event: Event) => void][] = [
    [
      document,
      'visibilitychange',
      () => {
        tell()
        if (!document.hidden) connection.wake()
      },
    ],
    [window, 'online', () => connection.wake()],
    [window, 'offline', () => connection.wake()],
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
        connection.wake()
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

// Keeps what the page shows for a time without the hub: soon after it has changed, and when nobody looks any more.
// Only where a service worker could open the page then: it is started as soon as there is something to keep.
import { onScopeDispose, watch } from 'vue'
import type { FeedView } from '../feed/feed-view'
import type { ConnectionState } from '../stream/stream-events'
import { saveLastSeen } from './last-seen'
import { registerServiceWorker } from './register'

/** A rush of changes is written once. */
const quietMs = 2_000

export interface LastSeenSource {
  readonly everything: FeedView
  readonly connectionState: ConnectionState
}

export function useLastSeen(feed: LastSeenSource): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let canBeOpened = false
  // Insecure pages have none.
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined
  void workers?.ready.then(() => (canBeOpened = true))
  const isCurrent = () => ['live', 'polling'].includes(feed.connectionState.kind)
  const isShown = () => isCurrent() && feed.everything.known

  function save(): void {
    clearTimeout(timer)
    timer = undefined
    if (!isShown() || !canBeOpened) return
    saveLastSeen({ atMs: Date.now(), view: feed.everything })
  }

  watch(
    () => [feed.everything, isCurrent()],
    () => (timer ??= setTimeout(save, quietMs)),
  )
  const stop = watch(
    isShown,
    (shown) => {
      if (!shown) return
      registerServiceWorker()
      stop()
    },
    { flush: 'post' },
  )
  const whenHidden = () => {
    if (document.hidden) save()
  }
  document.addEventListener('visibilitychange', whenHidden)
  window.addEventListener('pagehide', save)
  onScopeDispose(() => {
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', whenHidden)
    window.removeEventListener('pagehide', save)
  })
}

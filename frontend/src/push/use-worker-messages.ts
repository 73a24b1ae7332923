// What the service worker asks of a page: to open what somebody clicked on, and whether it sounds by itself. A page
// that was opened for it finds it in its address.
import { onScopeDispose, watch, type Ref } from 'vue'
import type { FeedView } from '../feed/feed-view'
import { openMark, type WorkerToPage } from './messages'

export interface WorkerMessagesOptions {
  view: Ref<FeedView>
  sounds: () => boolean
  reveal: (id: string) => void
}

export function useWorkerMessages({ view, sounds, reveal }: WorkerMessagesOptions): void {
  const take = (event: MessageEvent<WorkerToPage>) => {
    if (event.data.type === 'open') open(event.data.id)
    else if (event.data.type === 'sounds?') event.ports[0]?.postMessage(sounds())
  }
  // Insecure pages have none.
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined
  workers?.addEventListener('message', take)
  workers?.startMessages()
  onScopeDispose(() => workers?.removeEventListener('message', take))

  /** As soon as it is there: the page may be behind. */
  function open(id: string): void {
    const isThere = ({ list, open: others }: FeedView) =>
      [...list, ...others].some((notification) => notification.id === id)
    const stop = watch(
      view,
      (now) => {
        if (!isThere(now)) return
        // After what shows it has been drawn.
        setTimeout(() => {
          stop()
          reveal(id)
        })
      },
      { immediate: true, flush: 'post' },
    )
  }

  if (location.hash.startsWith(openMark)) {
    const id = decodeURIComponent(location.hash.slice(openMark.length))
    // A reload is not to open it again.
    history.replaceState(null, '', location.pathname + location.search)
    open(id)
  }
}

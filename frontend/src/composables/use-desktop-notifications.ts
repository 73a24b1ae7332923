// Notifications of the operating system: asked for only by a button. Which tab shows them, and for what, is decided by
// the stream's host.
import { computed, ref } from 'vue'
import type { Notification as FeedNotification } from '../api/notification'
import { bannerOf, type BannerData } from '../feed/banner'
import { usePreferences } from './preferences'
import { useTexts } from './use-texts'

/** `insecure`: the page came over plain http from another machine; `forbidden`: only a service worker may. */
type Permission = NotificationPermission | 'insecure' | 'forbidden'

const mostAtOnce = 3

function currentPermission(): Permission {
  if (!window.isSecureContext) return 'insecure'
  return typeof Notification === 'undefined' ? 'forbidden' : Notification.permission
}

/** Has the service worker show one, where that shows pushed ones: `false` where the page has to do it. */
export type Presenter = (title: string, options: NotificationOptions) => Promise<boolean>

export function useDesktopNotifications(onOpen: (id: string) => void, present: Presenter) {
  const { attention } = usePreferences()
  const { texts } = useTexts()
  const permission = ref<Permission>(currentPermission())
  const active = computed(
    () => attention.value.desktop !== 'never' && permission.value === 'granted',
  )
  /**
   * What is on the screen, by what it is about. A banner that is replaced under its tag pops up nowhere: the old one is
   * taken away, and the new one has a tag of its own.
   */
  const onScreen = new Map<string, Notification>()

  async function allow(): Promise<void> {
    permission.value = await Notification.requestPermission()
  }

  function show(notifications: readonly FeedNotification[], silent: boolean): void {
    if (!active.value) return
    for (const notification of notifications.slice(0, mostAtOnce).reverse()) {
      void showOne(notification, notifications.length, silent)
    }
  }

  async function showOne(
    notification: FeedNotification,
    count: number,
    silent: boolean,
  ): Promise<void> {
    const { id } = notification
    const { productName, desktop } = texts.value
    const more = count > mostAtOnce ? desktop.more(count - mostAtOnce) : ''
    const { title, body, about, tag } = bannerOf(notification, { productName, more })
    const icon = new URL('icons/icon-192.png', document.baseURI).href
    const data: BannerData = { id, about }
    try {
      // Under one tag in one place, it is there once, pushed or not.
      if (await present(title, { body, icon, tag, silent, data })) return
      const shown = new Notification(title, { body, icon, tag, silent })
      onScreen.get(about)?.close()
      onScreen.set(about, shown)
      shown.addEventListener('close', () => {
        if (onScreen.get(about) === shown) onScreen.delete(about)
      })
      shown.addEventListener('click', () => {
        window.focus()
        onOpen(id)
        shown.close()
      })
    } catch {
      // Some mobile browsers have the interface but allow it only to service workers.
      permission.value = 'forbidden'
    }
  }

  return { permission, active, allow, show }
}

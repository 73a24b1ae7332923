// Notifications of the operating system: asked for only by a button, shown only when the person cannot see
// the page. Which tab shows them is decided by the stream's host.
import { computed, ref } from 'vue'
import type { Notification as FeedNotification } from '../api/notification'
import { usePreferences } from './preferences'
import { useTexts } from './use-texts'

type Permission = NotificationPermission | 'unavailable'

function currentPermission(): Permission {
  // Browsers hide it, or refuse it, on plain http from another machine.
  if (typeof Notification === 'undefined' || !window.isSecureContext) return 'unavailable'
  return Notification.permission
}

export function useDesktopNotifications() {
  const { desktopNotifications } = usePreferences()
  const { texts } = useTexts()
  const permission = ref<Permission>(currentPermission())
  const active = computed(() => desktopNotifications.value && permission.value === 'granted')

  async function allow(): Promise<void> {
    permission.value = await Notification.requestPermission()
    desktopNotifications.value = permission.value === 'granted'
  }

  /** The newest of a burst, in place of what was shown of the same burst before. */
  function show(notifications: readonly FeedNotification[], burst: number): void {
    const [newest] = notifications
    if (!newest || !active.value) return
    const more = notifications.length - 1
    const title = newest.title ?? texts.value.productName
    const body = more > 0 ? `${newest.message}\n${texts.value.desktop.more(more)}` : newest.message
    try {
      const shown = new Notification(title, {
        body: body.slice(0, 300),
        icon: new URL('icons/icon-192.png', document.baseURI).href,
        tag: `notifyhub-${burst}`,
      })
      shown.addEventListener('click', () => {
        window.focus()
        shown.close()
      })
    } catch {
      // Some mobile browsers have the interface but allow it only to service workers.
      permission.value = 'unavailable'
    }
  }

  return { permission, active, allow, show }
}

// What the tab itself tells while one looks elsewhere: who waits and what failed, in the title, on the icon and on the
// badge of an installed page; and a mark when sounds are blocked or the connection is lost.
import { watchEffect, type Ref } from 'vue'
import { faviconAddress } from '../browser/favicon'
import { useTexts } from './use-texts'

export interface TabMark {
  waiting: number
  unreadFailed: number
  unread: number
  soundBlocked: boolean
  isLost: boolean
}

export function tabTitle(productName: string, mark: TabMark): string {
  const { waiting, unreadFailed, unread, soundBlocked, isLost } = mark
  const short = (count: number) => (count > 99 ? '99+' : String(count))
  const counts = [
    ...(waiting > 0 ? [`‼${short(waiting)}`] : []),
    ...(unreadFailed > 0 ? [`✕${short(unreadFailed)}`] : []),
    ...(unread > unreadFailed ? [short(unread)] : []),
  ].join(' · ')
  const name = counts ? `${counts} – ${productName}` : productName
  return `${isLost ? '⚠ ' : ''}${soundBlocked ? '🔇 ' : ''}${name}`
}

export function useTabMark(mark: Ref<TabMark>): void {
  const { texts } = useTexts()
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
  const plainIcon = icon?.getAttribute('href') ?? ''

  watchEffect(() => {
    document.title = tabTitle(texts.value.productName, mark.value)
  })
  watchEffect(() => {
    const { waiting, unreadFailed, unread } = mark.value
    const address =
      waiting > 0
        ? faviconAddress('waiting', waiting)
        : unreadFailed > 0
          ? faviconAddress('failed', unreadFailed)
          : unread > 0
            ? faviconAddress('unread', unread)
            : plainIcon
    icon?.setAttribute('href', address)
  })
  watchEffect(() => {
    const count = mark.value.waiting || mark.value.unreadFailed
    // Only an installed page has a badge; elsewhere this does nothing, or is not there.
    void navigator.setAppBadge?.(count).catch(() => undefined)
  })
}

// What the tab itself tells while one looks elsewhere: the unread count in the title and on the icon, and
// a mark when sounds are blocked.
import { watchEffect, type Ref } from 'vue'
import { faviconAddress } from '../feed/favicon'
import { useTexts } from './use-texts'

export function tabTitle(productName: string, unread: number, soundBlocked: boolean): string {
  const count = unread > 0 ? `(${unread > 99 ? '99+' : unread}) ` : ''
  return `${soundBlocked ? '🔇 ' : ''}${count}${productName}`
}

export function useTabMark(unread: Ref<number>, soundBlocked: Ref<boolean>): void {
  const { texts } = useTexts()
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
  const plainIcon = icon?.getAttribute('href') ?? ''

  watchEffect(() => {
    document.title = tabTitle(texts.value.productName, unread.value, soundBlocked.value)
  })
  watchEffect(() => {
    icon?.setAttribute('href', unread.value > 0 ? faviconAddress(unread.value) : plainIcon)
  })
}

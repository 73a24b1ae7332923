// What can be done with a notification, the same from a button and from a key.
import type { InjectionKey } from 'vue'
import { inject, provide } from 'vue'
import type { Notification } from '../api/notification'
import type { NotificationApi } from '../api/notification-api'
import { copyText } from '../browser/copy-text'
import { plainText } from '../feed/ansi'
import { safeAction, safeLink } from '../feed/message-parts'
import { isSnoozed } from '../feed/states'

export const snoozeMs = 10 * 60_000

export interface CardActions {
  /** It is settled: for all devices. */
  done: (notification: Notification) => void
  /** It asks again in ten minutes, or now if it was put off. */
  snooze: (notification: Notification) => void
  remove: (ids: readonly string[]) => void
  goTo: (notification: Notification) => void
  chooseTag: (tag: string) => void
}

const key: InjectionKey<CardActions> = Symbol('card actions')

export interface CardActionsOptions {
  api: Pick<NotificationApi, 'revise'>
  onFailure: (error: unknown) => void
  /** Whoever acts on it has read it. */
  onActed: (ids: readonly string[]) => void
  remove: (ids: readonly string[]) => void
  chooseTag: (tag: string) => void
}

export function provideCardActions(options: CardActionsOptions): CardActions {
  const { api, onFailure, onActed } = options
  const actions: CardActions = {
    done({ id, state, level, resolved_at }) {
      onActed([id])
      const canBeSettled = state === 'waiting' || state === 'running' || state === 'failed'
      if (resolved_at || !(canBeSettled || level === 'error')) return
      api.revise(id, { resolved: true }).catch(onFailure)
    },
    snooze(notification) {
      const { id, state, resolved_at } = notification
      if (state !== 'waiting' || resolved_at) return
      onActed([id])
      const until = new Date(Date.now() + snoozeMs).toISOString()
      const snoozed_until = isSnoozed(notification, Date.now()) ? null : until
      api.revise(id, { snoozed_until }).catch(onFailure)
    },
    goTo(notification) {
      onActed([notification.id])
      const address = addressesOf(notification)[0]?.url
      if (address) window.open(address, '_blank', 'noopener,noreferrer')
    },
    remove: options.remove,
    chooseTag: options.chooseTag,
  }
  provide(key, actions)
  return actions
}

export function useCardActions(): CardActions {
  return inject(key)!
}

/** What one can go to, the first of it first. `label` is absent for the plain link. */
export function addressesOf({ actions = [], link }: Notification): {
  url: string
  label?: string
}[] {
  const addresses: { url: string; label?: string }[] = actions.flatMap(({ label, url }) => {
    const safe = safeAction(url)
    return safe ? [{ url: safe, label }] : []
  })
  const safe = safeLink(link)
  if (safe && !addresses.some(({ url }) => url === safe)) addresses.push({ url: safe })
  return addresses
}

export function copyNotification({ title, message, link }: Notification): Promise<boolean> {
  return copyText([title, plainText(message), link].filter(Boolean).join('\n'))
}

// Carries out what the stream's host has decided: a sound, spoken words, notifications of the desktop.
import type { FeedConnection } from '../stream/feed-connection'
import type { Alert } from '../stream/tab-messages'
import { plainText } from '../feed/ansi'
import { stateOf } from '../feed/states'
import { usePreferences } from './preferences'
import { useDesktopNotifications, type Presenter } from './use-desktop-notifications'
import { useSound } from './use-sound'
import { useTexts } from './use-texts'

const longestSpoken = 120

export interface AlertsOptions {
  connection: Pick<FeedConnection, 'alerted'>
  /** A notification of the desktop was clicked. */
  onOpen: (id: string) => void
  present: Presenter
}

export function useAlerts({ connection, onOpen, present }: AlertsOptions) {
  const { muted } = usePreferences()
  const { texts } = useTexts()
  const sound = useSound()
  const desktop = useDesktopNotifications(onOpen, present)

  function spoken({ about }: Alert): string {
    const words = texts.value.sound
    const who = [about.source, about.actor].filter(Boolean).join(', ') || words.somebody
    const what = plainText(about.title ?? about.message).slice(0, longestSpoken)
    const state = stateOf(about)
    if (state === 'waiting') return words.needsYou(who)
    return state === 'failed' ? words.failed(who, what) : words.says(who, what)
  }

  async function attract(alert: Alert): Promise<void> {
    const { alertId, signal, newestId, gravity, isReminder } = alert
    // Where the page sounds, or is to be silent, the banner need not sound as well.
    const silent = muted.value || (signal !== undefined && sound.allowed.value)
    desktop.show(alert.desktop, silent)
    const claim = { newestId, gravity, isReminder }
    if (!signal || (await sound.ring(signal, spoken(alert), claim))) connection.alerted(alertId)
  }

  return { sound, desktop, attract }
}

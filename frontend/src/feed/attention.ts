// When a notification asks for attention, and how: a table of states, set against whether somebody looks at the page.
// Plays nothing, shows nothing.
import type { Notification } from '../api/notification'
import { isSnoozed, shownStates, stateOf, type ShownState } from './states'

export const soundNames = ['tick', 'chime', 'ask', 'alarm'] as const
export type SoundName = (typeof soundNames)[number]
/** A cell of the table; `say` is spoken by the browser. */
export type Signal = 'off' | SoundName | 'say'
export const signals: readonly Signal[] = ['off', ...soundNames, 'say']

export const desktopChoices = ['never', 'elsewhere', 'always'] as const
export type DesktopChoice = (typeof desktopChoices)[number]

export interface Rule {
  /** Somebody looks at the page. */
  focused: Signal
  /** The page is behind another window, in another tab, or on a screen that nobody looks at. */
  elsewhere: Signal
  desktop: boolean
}

export interface Attention {
  rules: Record<ShownState, Rule>
  desktop: DesktopChoice
  /** Whether what waits asks again. */
  reminds: boolean
  /** Projects that are silent, and until when, in milliseconds since 1970; null: until they are no longer. */
  muted: Record<string, number | null>
  /** No sound at all until then, in milliseconds since 1970. */
  snoozedUntilMs: number
  /** From and to as minutes after midnight; a night goes over it. */
  quietHours: { from: number; to: number } | null
}

const rule = (focused: Signal, elsewhere: Signal, desktop = false): Rule => ({
  focused,
  elsewhere,
  desktop,
})

export const defaultAttention: Attention = {
  rules: {
    waiting: rule('ask', 'ask', true),
    failed: rule('alarm', 'alarm', true),
    running: rule('off', 'off'),
    done: rule('off', 'chime'),
    info: rule('off', 'tick'),
  },
  desktop: 'elsewhere',
  reminds: true,
  muted: {},
  snoozedUntilMs: 0,
  quietHours: null,
}

export interface Call {
  notification: Notification
  state: ShownState
  signal: Signal
  desktop: boolean
}

/** What is to be done about one notification that has just come. */
export function callFor(
  notification: Notification,
  attention: Attention,
  { isFocused, nowMs }: { isFocused: boolean; nowMs: number },
): Call {
  const state = stateOf(notification)
  const silent: Call = { notification, state, signal: 'off', desktop: false }
  if (isMuted(attention, notification.source, nowMs)) return silent
  if (notification.resolved_at || isSnoozed(notification, nowMs)) return silent
  const { focused, elsewhere, desktop } = attention.rules[state]
  const quiet = nowMs < attention.snoozedUntilMs || isQuietHour(attention, nowMs)
  const showsDesktop =
    attention.desktop === 'always' || (attention.desktop === 'elsewhere' && !isFocused)
  return {
    notification,
    state,
    signal: quiet ? 'off' : isFocused ? focused : elsewhere,
    desktop: desktop && showsDesktop && !quiet,
  }
}

export function isMuted({ muted }: Attention, source: string | undefined, nowMs: number): boolean {
  if (source === undefined || !Object.hasOwn(muted, source)) return false
  const until = muted[source]!
  return until === null || until > nowMs
}

function isQuietHour({ quietHours }: Attention, nowMs: number): boolean {
  if (!quietHours) return false
  const now = new Date(nowMs)
  const minute = now.getHours() * 60 + now.getMinutes()
  const { from, to } = quietHours
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to
}

/** How grave a state is: the more, the higher. */
export function gravityOf(state: ShownState): number {
  return shownStates.length - shownStates.indexOf(state)
}

/** What was stored, with the defaults for whatever is not there or not what it should be. */
export function parseAttention(value: unknown): Attention {
  const stored = (typeof value === 'object' && value !== null ? value : {}) as Partial<Attention>
  const rules = { ...defaultAttention.rules }
  for (const state of shownStates) {
    const given: Partial<Rule> = stored.rules?.[state] ?? {}
    const known = rules[state]
    rules[state] = {
      focused: signals.includes(given.focused as Signal) ? given.focused! : known.focused,
      elsewhere: signals.includes(given.elsewhere as Signal) ? given.elsewhere! : known.elsewhere,
      desktop: typeof given.desktop === 'boolean' ? given.desktop : known.desktop,
    }
  }
  const { quietHours, muted } = stored
  const isHour = (minute: unknown) => typeof minute === 'number' && minute >= 0 && minute < 1_440
  return {
    rules,
    desktop: desktopChoices.includes(stored.desktop as DesktopChoice)
      ? stored.desktop!
      : defaultAttention.desktop,
    reminds: typeof stored.reminds === 'boolean' ? stored.reminds : true,
    muted: Object.fromEntries(
      Object.entries(typeof muted === 'object' && muted !== null ? muted : {}).filter(
        ([, until]) => until === null || typeof until === 'number',
      ),
    ),
    snoozedUntilMs: typeof stored.snoozedUntilMs === 'number' ? stored.snoozedUntilMs : 0,
    quietHours: quietHours && isHour(quietHours.from) && isHour(quietHours.to) ? quietHours : null,
  }
}

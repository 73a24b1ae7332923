// Points in time as people say them: "2 min ago", "Yesterday", and the exact time for a hover.

const minuteMs = 60_000
const hourMs = 60 * minuteMs

export function relativeTime(
  timeMs: number,
  nowMs: number,
  locale: string,
  justNow: string,
): string {
  const passedMs = nowMs - timeMs
  // Also for a time that is a little ahead: clocks differ.
  if (passedMs < 45_000) return justNow
  if (passedMs < 45 * minuteMs) {
    return formatRelative(-Math.max(1, Math.round(passedMs / minuteMs)), 'minute', locale)
  }
  if (dayKey(timeMs) === dayKey(nowMs)) {
    return formatRelative(-Math.max(1, Math.round(passedMs / hourMs)), 'hour', locale)
  }
  // Further back the day stands above the item, and the clock says more than "31 hours ago".
  return clockTime(timeMs, locale)
}

export function clockTime(timeMs: number, locale: string): string {
  return format(timeMs, locale, { hour: '2-digit', minute: '2-digit' })
}

export function exactTime(timeMs: number, locale: string): string {
  return format(timeMs, locale, { dateStyle: 'full', timeStyle: 'medium' })
}

/** The same for two points in time of one calendar day where the reader is. */
export function dayKey(timeMs: number): string {
  const date = new Date(timeMs)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}

export function dayName(
  timeMs: number,
  nowMs: number,
  locale: string,
  texts: { today: string; yesterday: string },
): string {
  const key = dayKey(timeMs)
  if (key === dayKey(nowMs)) return texts.today
  const yesterday = new Date(nowMs)
  yesterday.setDate(yesterday.getDate() - 1)
  if (key === dayKey(yesterday.getTime())) return texts.yesterday
  const sameYear = new Date(timeMs).getFullYear() === new Date(nowMs).getFullYear()
  return format(timeMs, locale, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: sameYear ? undefined : 'numeric',
  })
}

// Making a formatter is slow, and thousands of items want the same few.
const formatters = new Map<string, Intl.DateTimeFormat>()
const relativeFormatters = new Map<string, Intl.RelativeTimeFormat>()

function format(timeMs: number, locale: string, options: Intl.DateTimeFormatOptions): string {
  if (Number.isNaN(timeMs)) return ''
  const key = locale + JSON.stringify(options)
  let formatter = formatters.get(key)
  if (!formatter) formatters.set(key, (formatter = new Intl.DateTimeFormat(locale, options)))
  return formatter.format(timeMs)
}

function formatRelative(count: number, unit: Intl.RelativeTimeFormatUnit, locale: string): string {
  let formatter = relativeFormatters.get(locale)
  if (!formatter) {
    formatter = new Intl.RelativeTimeFormat(locale, { style: 'short' })
    relativeFormatters.set(locale, formatter)
  }
  return formatter.format(count, unit)
}

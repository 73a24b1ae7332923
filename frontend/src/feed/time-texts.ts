// Points in time as people say them: "2 min", "16:32", "Yesterday", and the exact time for who wants it.

const minuteMs = 60_000
const hourMs = 60 * minuteMs

export interface TimeWords {
  justNow: string
  minutes: (count: number) => string
  hoursAndMinutes: (hours: number, minutes: number) => string
  days: (count: number) => string
}

/** A time in a column: minutes for the last hour, then the clock, and the date when it is not of `dayMs`. */
export function shortTime(
  timeMs: number,
  nowMs: number,
  locale: string,
  words: TimeWords,
  dayMs = nowMs,
): string {
  const passedMs = nowMs - timeMs
  // Clocks differ a little; what is further ahead is not "now".
  if (passedMs > -2 * minuteMs && passedMs < 45_000) return words.justNow
  if (passedMs >= 45_000 && passedMs < hourMs) {
    return words.minutes(Math.max(1, Math.floor(passedMs / minuteMs)))
  }
  if (dayKey(timeMs) === dayKey(dayMs)) return clockTime(timeMs, locale)
  return format(timeMs, locale, { day: 'numeric', month: 'short' })
}

/** How long something has gone on. */
export function duration(passedMs: number, words: TimeWords): string {
  const minutes = Math.max(0, Math.floor(passedMs / minuteMs))
  if (minutes < 1) return words.justNow
  if (minutes < 60) return words.minutes(minutes)
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return words.hoursAndMinutes(hours, minutes % 60)
  return words.days(Math.floor(hours / 24))
}

export function clockTime(timeMs: number, locale: string): string {
  return format(timeMs, locale, { timeStyle: 'short' })
}

/** The clock, and the day if it is not today. */
export function clockAndDay(timeMs: number, nowMs: number, locale: string): string {
  if (dayKey(timeMs) === dayKey(nowMs)) return clockTime(timeMs, locale)
  return format(timeMs, locale, { dateStyle: 'medium', timeStyle: 'short' })
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

function format(timeMs: number, locale: string, options: Intl.DateTimeFormatOptions): string {
  if (Number.isNaN(timeMs)) return ''
  // A formatter keeps the time zone that it was made in; somebody who travels gets another one.
  const key = `${locale}${new Date(timeMs).getTimezoneOffset()}${JSON.stringify(options)}`
  let formatter = formatters.get(key)
  if (!formatter) formatters.set(key, (formatter = new Intl.DateTimeFormat(locale, options)))
  return formatter.format(timeMs)
}

/**
 * The day that each item stands under, newest item first: its own, or that of an older one below it, should that be
 * later. So no day comes twice, whatever times the posters gave, and one that is backdated does not end the day.
 */
export function dayTimes(timesMs: readonly number[], nowMs: number): number[] {
  const days = new Array<number>(timesMs.length)
  let latest = -Infinity
  for (let index = timesMs.length - 1; index >= 0; index--) {
    const timeMs = timesMs[index]!
    if (!Number.isNaN(timeMs)) latest = Math.max(latest, Math.min(timeMs, nowMs))
    days[index] = latest === -Infinity ? nowMs : latest
  }
  return days
}

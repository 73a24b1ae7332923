// What failed and what was done in each of the last 24 hours. Pure; draws nothing.
import type { Row } from './desk'

export const hourMs = 3_600_000
const hours = 24

export interface HourOfStrip {
  /** When it begins. */
  startMs: number
  failed: number
  done: number
}

export interface DayStrip {
  /** The oldest first; the last one is the hour that has just begun. Without those that nothing is known of. */
  hours: HourOfStrip[]
  failed: number
  done: number
}

/** `knownFromMs`: what is older has not been loaded. `nowMs` may be anywhere in its hour. */
export function dayStrip(rows: readonly Row[], nowMs: number, knownFromMs: number): DayStrip {
  const lastMs = Math.floor(nowMs / hourMs) * hourMs
  const firstMs = Math.max(lastMs - (hours - 1) * hourMs, Math.floor(knownFromMs / hourMs) * hourMs)
  const strip: DayStrip = { hours: [], failed: 0, done: 0 }
  for (let startMs = firstMs; startMs <= lastMs; startMs += hourMs) {
    strip.hours.push({ startMs, failed: 0, done: 0 })
  }
  for (const { card, earlier } of rows) {
    for (const { state, timeMs } of [card, ...earlier]) {
      const hour = strip.hours[Math.floor((timeMs - firstMs) / hourMs)]
      if (!hour || (state !== 'failed' && state !== 'done')) continue
      hour[state] += 1
      strip[state] += 1
    }
  }
  return strip
}

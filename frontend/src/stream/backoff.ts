// How long to wait before the next try to connect: exponential back-off with full jitter, so that a
// restart of the server does not bring every browser back in the same instant.

export const firstDelayCeilingMs = 2_000
/** For a page that nobody looks at. */
export const delayCeilingMs = 30_000
/** For a page that somebody looks at: a hub that is back must not be missed for half a minute. */
export const watchedCeilingMs = 3_000
const delayFloorMs = 200

/** The delay after `failures` failed tries in a row (1 after the first); `random` gives 0 to 1. */
export function backoffDelayMs(
  failures: number,
  random: () => number,
  mostMs = delayCeilingMs,
): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, 16)
  const ceiling = Math.min(mostMs, firstDelayCeilingMs * 2 ** doublings)
  return Math.round(delayFloorMs + random() * (ceiling - delayFloorMs))
}

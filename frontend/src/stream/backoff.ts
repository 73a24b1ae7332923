// How long to wait before the next try to connect: exponential back-off with full jitter, so that a
// restart of the server does not bring every browser back in the same instant.

export const firstDelayCeilingMs = 2_000
export const delayCeilingMs = 30_000
const delayFloorMs = 200

/** The delay after `failures` failed tries in a row (1 after the first); `random` gives 0 to 1. */
export function backoffDelayMs(failures: number, random: () => number): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, 16)
  const ceiling = Math.min(delayCeilingMs, firstDelayCeilingMs * 2 ** doublings)
  return Math.round(delayFloorMs + random() * (ceiling - delayFloorMs))
}

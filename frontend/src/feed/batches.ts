// Hands things over at once when they come singly, and gathered when they come in a rush, so that a screen
// need not be drawn anew for each of a thousand. Order is kept.

export interface Batches<T> {
  add: (thing: T) => void
  stop: () => void
}

export function inBatches<T>(gapMs: number, handle: (things: T[]) => void): Batches<T> {
  let waiting: T[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function handOver(): void {
    const things = waiting
    waiting = []
    timer = things.length > 0 ? setTimeout(handOver, gapMs) : undefined
    if (things.length > 0) handle(things)
  }

  return {
    add(thing) {
      waiting.push(thing)
      if (timer === undefined) handOver()
    },
    stop: () => clearTimeout(timer),
  }
}

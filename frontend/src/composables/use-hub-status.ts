// How the hub is, asked for again and again while somebody looks. What the numbers mean is the API's business.
import { onScopeDispose, shallowReadonly, shallowRef, type ShallowRef } from 'vue'
import type { Status } from '../api/generated'

export const statusIntervalMs = 5_000

export type StatusSource = (signal: AbortSignal) => Promise<Status>

export async function fetchStatus(signal: AbortSignal): Promise<Status> {
  const response = await fetch(new URL('api/status', document.baseURI), { signal })
  if (!response.ok) throw new Error(response.statusText)
  return (await response.json()) as Status
}

/** The newest answer; `undefined` until there is one, and while the hub does not answer. */
export function useHubStatus(
  source: StatusSource = fetchStatus,
): Readonly<ShallowRef<Status | undefined>> {
  const status = shallowRef<Status>()
  let asking = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let isOver = false

  async function ask(): Promise<void> {
    asking = new AbortController()
    // A hub that hangs is as good as none.
    timer = setTimeout(() => asking.abort(), statusIntervalMs)
    const answer = await source(asking.signal).catch(() => undefined)
    clearTimeout(timer)
    if (isOver) return
    status.value = answer
    timer = setTimeout(() => void ask(), statusIntervalMs)
  }

  void ask()
  onScopeDispose(() => {
    isOver = true
    asking.abort()
    clearTimeout(timer)
  })
  return shallowReadonly(status)
}

// Deleting with a way back. The server knows none, so a deleted item is only hidden here at first; it is
// really deleted when the time for second thoughts is over, or when the page goes away.
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { NotificationApi } from '../api/notification-api'

export const undoTimeMs = 8_000
const atOnce = 4

export interface UndoableDeleteOptions {
  api: Pick<NotificationApi, 'remove'>
  onFailure: (error: unknown) => void
}

export function useUndoableDelete({ api, onFailure }: UndoableDeleteOptions) {
  /** Hidden, whether the time to undo still runs or the server is being told. */
  const hidden = shallowRef<ReadonlySet<string>>(new Set())
  const pending = ref<string[]>([])
  let timer: ReturnType<typeof setTimeout> | undefined
  let held = false

  function remove(...ids: string[]): void {
    const fresh = ids.filter((id) => !hidden.value.has(id))
    if (fresh.length === 0) return
    hidden.value = new Set([...hidden.value, ...fresh])
    pending.value = [...pending.value, ...fresh]
    startTimer()
  }

  function undo(): void {
    clearTimeout(timer)
    show(pending.value)
    pending.value = []
    // The button goes, and with it whoever would say that nobody points at it any more.
    held = false
  }

  /** The time does not run out while somebody points at the button or has it in focus. */
  function hold(holding: boolean): void {
    held = holding
    if (pending.value.length > 0) startTimer()
  }

  function startTimer(): void {
    clearTimeout(timer)
    if (!held) timer = setTimeout(() => void flush(), undoTimeMs)
  }

  /** Tells the server now; with `keepalive` also when the page is about to go. */
  async function flush(keepalive = false): Promise<void> {
    clearTimeout(timer)
    const ids = pending.value
    pending.value = []
    held = false
    if (keepalive) {
      await Promise.all(ids.map((id) => removeOnServer(id, true)))
      return
    }
    // A few at a time: a browser has six connections, and the hub a rate of posts.
    const queue = [...ids]
    const worker = async () => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) await removeOnServer(id)
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }

  async function removeOnServer(id: string, keepalive = false): Promise<void> {
    try {
      await api.remove(id, keepalive)
      // It stays hidden: the stream may bring the deletion later than this answer. `forget` is told then.
    } catch (error) {
      if ((error as { status?: number }).status === 404) return
      show([id])
      onFailure(error)
    }
  }

  function show(ids: string[]): void {
    const left = new Set(hidden.value)
    for (const id of ids) left.delete(id)
    hidden.value = left
  }

  /** These are gone for good: they need not be hidden any more. */
  function forget(isThere: (id: string) => boolean): void {
    const left = [...hidden.value].filter((id) => isThere(id) || pending.value.includes(id))
    if (left.length < hidden.value.size) hidden.value = new Set(left)
  }

  onScopeDispose(() => clearTimeout(timer))

  const pendingCount = computed(() => pending.value.length)
  return { hidden, pendingCount, remove, undo, hold, flush, forget }
}

// Deleting with a way back. The server knows none, so a deleted item is only hidden here at first; it is
// really deleted when the time for second thoughts is over, or when the page goes away.
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { NotificationApi } from '../api/notification-api'

export const undoTimeMs = 8_000

export interface UndoableDeleteOptions {
  api: Pick<NotificationApi, 'remove'>
  onFailure(reason: string): void
}

export function useUndoableDelete({ api, onFailure }: UndoableDeleteOptions) {
  /** Hidden, whether the time to undo still runs or the server is being told. */
  const hidden = shallowRef<ReadonlySet<string>>(new Set())
  const pending = ref<string[]>([])
  let timer: ReturnType<typeof setTimeout> | undefined
  let held = false

  function remove(id: string): void {
    if (hidden.value.has(id)) return
    hidden.value = new Set([...hidden.value, id])
    pending.value = [...pending.value, id]
    startTimer()
  }

  function undo(): void {
    clearTimeout(timer)
    show(pending.value)
    pending.value = []
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
    await Promise.all(ids.map((id) => removeOnServer(id, keepalive)))
  }

  async function removeOnServer(id: string, keepalive: boolean): Promise<void> {
    try {
      await api.remove(id, keepalive)
      // It stays hidden: the stream may bring the deletion later than this answer.
    } catch (error) {
      if ((error as { status?: number }).status === 404) return
      show([id])
      onFailure(error instanceof Error ? error.message : String(error))
    }
  }

  function show(ids: string[]): void {
    const left = new Set(hidden.value)
    for (const id of ids) left.delete(id)
    hidden.value = left
  }

  onScopeDispose(() => clearTimeout(timer))

  return { hidden, pendingCount: computed(() => pending.value.length), remove, undo, hold, flush }
}

// Copying, and that it has worked, for a moment.
import { onScopeDispose, ref } from 'vue'
import { copyText } from '../browser/copy-text'

const shownForMs = 1_500

export function useCopying() {
  const copied = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined

  async function copy(text: string): Promise<void> {
    if (!(await copyText(text))) return
    copied.value = true
    clearTimeout(timer)
    timer = setTimeout(() => (copied.value = false), shownForMs)
  }

  onScopeDispose(() => clearTimeout(timer))
  return { copied, copy }
}

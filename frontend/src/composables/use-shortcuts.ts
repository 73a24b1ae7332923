// Single keys that do something, as long as nobody is typing and no dialog is open. They can be switched
// off, because speech input and trembling hands press keys nobody meant.
import { onScopeDispose, type Ref } from 'vue'

export function useShortcuts(enabled: Ref<boolean>, actions: Record<string, () => void>): void {
  const handle = (event: KeyboardEvent) => {
    if (!enabled.value || event.defaultPrevented || event.isComposing) return
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined
    if (!action) return
    event.preventDefault()
    action()
  }
  window.addEventListener('keydown', handle)
  onScopeDispose(() => window.removeEventListener('keydown', handle))
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable) return true
  if (target instanceof HTMLInputElement) {
    return !['button', 'checkbox', 'radio', 'range'].includes(target.type)
  }
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}

// Single keys that do something, as long as nobody is typing and no dialog is open. They can be switched
// off, because speech input and trembling hands press keys nobody meant.
import { onScopeDispose, type Ref } from 'vue'

export interface Shortcuts {
  enabled: Ref<boolean>
  /** By the letter that is typed; on other layouts than the Latin ones, by the key's place. */
  actions: Record<string, () => void>
  /** Those that go on while the key is held. */
  repeating: string
}

export function useShortcuts({ enabled, actions, repeating }: Shortcuts): void {
  const handle = (event: KeyboardEvent) => {
    if (!enabled.value || event.defaultPrevented || event.isComposing) return
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return
    const key = Object.hasOwn(actions, event.key) ? event.key : latinKey(event)
    const action = Object.hasOwn(actions, key) ? actions[key] : undefined
    if (!action || (event.repeat && !repeating.includes(key))) return
    // A button that has the focus takes these for itself.
    if (key === 'Enter' && (event.target as Element | null)?.closest('button, a, summary')) return
    event.preventDefault()
    action()
  }
  window.addEventListener('keydown', handle)
  onScopeDispose(() => window.removeEventListener('keydown', handle))
}

/** What the same key would type on a Latin keyboard; nothing for a letter of its own. */
function latinKey({ key, code, shiftKey }: KeyboardEvent): string {
  const letter = /^Key([A-Z])$/.exec(code)?.[1]
  if (!letter || /^[a-z]$/i.test(key)) return ''
  return shiftKey ? letter : letter.toLowerCase()
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable) return true
  if (target instanceof HTMLInputElement) {
    return !['button', 'checkbox', 'radio', 'range'].includes(target.type)
  }
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}

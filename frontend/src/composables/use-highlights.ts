// Marks the words of a search where they stand, without touching the document: the browser paints ranges of text.
import { onScopeDispose, watch, type Ref } from 'vue'

const name = 'search-hits'
const searched = '.row-title, .row-gist, .message-text, .src, .who, .q'

/** `changes`: whatever lets other text appear. */
export function useHighlights(words: Ref<readonly string[]>, changes: () => unknown): void {
  // Not every browser can; then the hits are only not marked.
  if (typeof Highlight === 'undefined' || !CSS.highlights) return

  function mark(): void {
    const ranges: Range[] = []
    for (const element of words.value.length > 0 ? document.querySelectorAll(searched) : []) {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        ranges.push(...rangesIn(node as Text, words.value))
      }
    }
    if (ranges.length > 0) CSS.highlights.set(name, new Highlight(...ranges))
    else CSS.highlights.delete(name)
  }

  watch([words, changes], mark, { flush: 'post', immediate: true })
  onScopeDispose(() => CSS.highlights.delete(name))
}

function rangesIn(node: Text, words: readonly string[]): Range[] {
  const text = node.data.toLowerCase()
  // Some letters get longer in lower case; then places would not agree.
  if (text.length !== node.data.length) return []
  return words.flatMap((word) => {
    const ranges: Range[] = []
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
      const range = document.createRange()
      range.setStart(node, at)
      range.setEnd(node, at + word.length)
      ranges.push(range)
    }
    return ranges
  })
}

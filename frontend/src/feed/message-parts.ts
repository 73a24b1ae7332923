// Cuts a message into plain text and web addresses. The page shows the parts as text nodes and links, so
// no markup in a message is ever looked at as markup; only http and https become links.

export type MessagePart =
  { kind: 'text'; text: string } | { kind: 'link'; text: string; url: string }

const address = /\bhttps?:\/\/[^\s<>"'`\u201c\u201d\u00ab\u00bb\u202a-\u202e\u2066-\u2069]+/gi

export function messageParts(message: string): MessagePart[] {
  const parts: MessagePart[] = []
  let shown = 0
  for (const match of message.matchAll(address)) {
    const text = withoutTrailingPunctuation(match[0])
    const url = safeLink(text)
    if (!url) continue
    if (match.index > shown) {
      parts.push({ kind: 'text', text: message.slice(shown, match.index) })
    }
    parts.push({ kind: 'link', text, url })
    shown = match.index + text.length
  }
  if (shown < message.length) parts.push({ kind: 'text', text: message.slice(shown) })
  return parts
}

/** The address if it is one that a click may open, otherwise undefined. */
export function safeLink(link: string | undefined): string | undefined {
  if (!link) return undefined
  try {
    const url = new URL(link)
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined
  } catch {
    return undefined
  }
}

/** What a button may open: the web, and the editors that register a scheme of their own. */
const openable = [
  'http',
  'https',
  'vscode',
  'vscode-insiders',
  'cursor',
  'zed',
  'idea',
  'jetbrains',
]

export function safeAction(address: string): string | undefined {
  try {
    const url = new URL(address)
    return openable.includes(url.protocol.slice(0, -1)) ? url.href : undefined
  } catch {
    return undefined
  }
}

export function hostOf(address: string): string {
  try {
    const { host, protocol } = new URL(address)
    return host || protocol.slice(0, -1)
  } catch {
    return ''
  }
}

/** "See https://example.org/a_(b)." ends at the bracket that belongs to the address, not at the stop. */
function withoutTrailingPunctuation(text: string): string {
  let end = text.length
  for (;;) {
    const last = text[end - 1] ?? ''
    if (/[.,;:!?*_~]/.test(last)) end -= 1
    else if (last === ')' && !isBalanced(text.slice(0, end), '(', ')')) end -= 1
    else if (last === ']' && !isBalanced(text.slice(0, end), '[', ']')) end -= 1
    else return text.slice(0, end)
  }
}

function isBalanced(text: string, open: string, close: string): boolean {
  return text.split(open).length >= text.split(close).length
}

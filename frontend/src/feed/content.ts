// The text of a message as blocks: paragraphs, code, lists. Every part of it is plain text that the page puts into text
// nodes, so no markup in a message is ever looked at as markup.
import type { Format } from '../api/notification'
import { plainText, styledTexts, type StyledText } from './ansi'
import { messageParts } from './message-parts'

export type Inline =
  { kind: 'text' | 'bold' | 'code'; text: string } | { kind: 'link'; text: string; url: string }

export interface CodeLine {
  parts: StyledText[]
  /** It names the error. */
  isTelling: boolean
}

export type Block =
  | { kind: 'text'; parts: Inline[] }
  | { kind: 'code'; lines: CodeLine[]; text: string }
  | { kind: 'list'; isOrdered: boolean; items: Inline[][] }

const fence = /^ {0,3}```/
const telling = /^\s*(?:error|fatal)\b|\^{3,}|\w(?:Error|Exception)\b.*|panicked|\bFAILED\b|\*\*\* /
/** Output of compilers, test runners and other programs, in whatever language they speak. */
const programOutput =
  /\x1b\[|Traceback \(most recent|^\s*(?:error|warning)\[\w+\]:|^\s*-->\s|panicked at|[│├└╭╰]|\^{3,}|\S {3,}\S|^\s+at \S+ ?\(/m
const indented = /^(?: {2,}|\t|\|)\S?/
const listItem = /^\s{0,3}(?:[-*+]|\d{1,3}[.)])\s+/

/** Whether the whole message is code or the output of a program, and not prose. */
export function looksLikeCode(message: string, format: Format | undefined): boolean {
  if (format) return format === 'code'
  if (message.split('\n').some((line) => fence.test(line))) return false
  return programOutput.test(message)
}

export function contentBlocks(message: string, format: Format | undefined): Block[] {
  if (looksLikeCode(message, format)) return [codeBlock(message)]
  const blocks: Block[] = []
  let prose: string[] = []
  const endProse = () => {
    const text = prose.join('\n').replace(/^\n+|\n+$/g, '')
    prose = []
    if (text === '') return
    blocks.push(...(format === 'markdown' ? markdownBlocks(text) : plainBlocks(text)))
  }
  const lines = message.replaceAll('\r\n', '\n').split('\n')
  for (let index = 0; index < lines.length; index++) {
    if (!fence.test(lines[index]!)) {
      prose.push(lines[index]!)
      continue
    }
    endProse()
    // A fence that nobody closes goes to the end.
    const rest = lines.slice(index + 1)
    const length = rest.findIndex((line) => fence.test(line))
    const code = length < 0 ? rest : rest.slice(0, length)
    if (code.length > 0) blocks.push(codeBlock(code.join('\n')))
    index += code.length + 1
  }
  endProse()
  return blocks
}

function codeBlock(message: string): Block {
  const lines: StyledText[][] = [[]]
  for (const { text, style } of styledTexts(message.replace(/\n+$/, ''))) {
    text.split('\n').forEach((piece, index) => {
      if (index > 0) lines.push([])
      if (piece) lines.at(-1)!.push({ text: piece, style })
    })
  }
  return {
    kind: 'code',
    text: plainText(message),
    lines: lines.map((parts) => ({
      parts,
      isTelling: telling.test(parts.map(({ text }) => text).join('')),
    })),
  }
}

/** Prose, in which a few indented lines in a row are code. */
function plainBlocks(text: string): Block[] {
  const runs: { isCode: boolean; lines: string[] }[] = []
  for (const line of text.split('\n')) {
    const isCode = indented.test(line)
    const run = runs.at(-1)
    if (run?.isCode === isCode) run.lines.push(line)
    else runs.push({ isCode, lines: [line] })
  }
  if (!runs.some(({ isCode, lines }) => isCode && lines.length > 1)) {
    return [{ kind: 'text', parts: messageParts(plainText(text)) }]
  }
  return runs.flatMap(({ isCode, lines }): Block[] => {
    const run = lines.join('\n')
    if (run.trim() === '') return []
    return isCode ? [codeBlock(run)] : [{ kind: 'text', parts: messageParts(plainText(run)) }]
  })
}

/** Bold, code and lists; whatever else Markdown knows stays as it was typed. */
function markdownBlocks(text: string): Block[] {
  const blocks: Block[] = []
  let paragraph: string[] = []
  const endParagraph = () => {
    if (paragraph.length > 0) {
      blocks.push({ kind: 'text', parts: inlineParts(plainText(paragraph.join('\n'))) })
    }
    paragraph = []
  }
  for (const line of text.split('\n')) {
    const item = listItem.exec(line)
    const last = blocks.at(-1)
    if (item) {
      endParagraph()
      const isOrdered = /\d/.test(item[0])
      const parts = inlineParts(plainText(line.slice(item[0].length)))
      const list = blocks.at(-1)
      if (list?.kind === 'list' && list.isOrdered === isOrdered) list.items.push(parts)
      else blocks.push({ kind: 'list', isOrdered, items: [parts] })
    } else if (line.trim() === '') {
      endParagraph()
    } else if (paragraph.length === 0 && last?.kind === 'list' && /^\s{2,}/.test(line)) {
      last.items.at(-1)!.push({ kind: 'text', text: ' ' }, ...inlineParts(plainText(line.trim())))
    } else {
      paragraph.push(line.replace(/^#{1,6} +(.*)$/, '**$1**'))
    }
  }
  endParagraph()
  return blocks
}

function inlineParts(text: string): Inline[] {
  const parts: Inline[] = []
  let shown = 0
  for (const match of text.matchAll(/`([^`\n]+)`|\*\*([^*\n]+)\*\*/g)) {
    parts.push(...messageParts(text.slice(shown, match.index)))
    shown = match.index + match[0].length
    if (match[1] !== undefined) parts.push({ kind: 'code', text: match[1] })
    else parts.push({ kind: 'bold', text: match[2]! })
  }
  parts.push(...messageParts(text.slice(shown)))
  return parts
}

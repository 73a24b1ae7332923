// Messages as blocks: what is code, what is a list, and that nothing of a hostile message is lost or becomes more than text.
import { describe, expect, it } from 'vitest'
import { plainText, styledTexts } from './ansi'
import { contentBlocks, looksLikeCode, type Block } from './content'
import { tellingLine } from './row-text'

const kinds = (message: string, format?: 'text' | 'code' | 'markdown') =>
  contentBlocks(message, format).map(({ kind }) => kind)

const textOf = (block: Block): string => {
  if (block.kind === 'code') return block.text
  const parts = block.kind === 'list' ? block.items.flat() : block.parts
  return parts.map(({ text }) => text).join('')
}

describe('what is code', () => {
  it('is the output of compilers, runners and other programs', () => {
    const outputs = [
      'error[E0502]: cannot borrow\n   --> src/a.rs:1:1\n    |\n',
      'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: no',
      'TypeError: x\n    at main (a.ts:1)\n    at run (b.ts:2)',
      'dist/a.js   176.64 kB │ gzip: 61.33 kB',
      '\u001b[32mok\u001b[0m server',
      'thread main panicked at src/a.rs',
    ]
    for (const output of outputs) expect(looksLikeCode(output, undefined), output).toBe(true)
  })

  it('is not prose, nor what says that it is none', () => {
    const prose = ['All 14 steps are done.\nDiff: https://a.example/x', 'may I run `git push`?']
    for (const text of prose) expect(looksLikeCode(text, undefined), text).toBe(false)
    expect(looksLikeCode('\u001b[32mok', 'text')).toBe(false)
    expect(looksLikeCode('plain', 'code')).toBe(true)
  })

  it('can stand in prose, indented or fenced', () => {
    expect(kinds('three files:\n  a.vue\n  b.vue\nthat is all')).toEqual(['text', 'code', 'text'])
    expect(kinds('see\n```python\nprint(1)\n```\ndone')).toEqual(['text', 'code', 'text'])
    expect(kinds('```\nnever closed')).toEqual(['code'])
  })

  it('marks the lines that name the error', () => {
    const [block] = contentBlocks('error[E1]: no\n    |\n    ^^^^ here\nfine', undefined)
    const lines = block?.kind === 'code' ? block.lines : []
    expect(lines.map(({ isTelling }) => isTelling)).toEqual([true, false, true, false])
  })
})

describe('markdown', () => {
  it('is bold, code and lists, and nothing else', () => {
    const message =
      '# Done\n\n- **Refunds** work\n- new `table`\n\n1. one\n\n*not* _this_ <b>nor</b>'
    const blocks = contentBlocks(message, 'markdown')
    expect(blocks.map(({ kind }) => kind)).toEqual(['text', 'list', 'list', 'text'])
    expect(blocks[1]).toMatchObject({
      isOrdered: false,
      items: [
        [
          { kind: 'bold', text: 'Refunds' },
          { kind: 'text', text: ' work' },
        ],
        [
          { kind: 'text', text: 'new ' },
          { kind: 'code', text: 'table' },
        ],
      ],
    })
    expect(textOf(blocks[3]!)).toBe('*not* _this_ <b>nor</b>')
  })

  it('makes links of web addresses only', () => {
    const [block] = contentBlocks('[x](javascript:a) https://a.example/ **b**', 'markdown')
    const parts = block?.kind === 'text' ? block.parts : []
    expect(parts.flatMap((part) => (part.kind === 'link' ? [part.url] : []))).toEqual([
      'https://a.example/',
    ])
  })
})

describe('hostile messages', () => {
  const corpus = [
    '<img src=x onerror=alert(1)>',
    '```<script>alert(1)</script>',
    '**<b>**`</code><script>`',
    '- <li onclick=x>\n- `unclosed\n- **unclosed',
    '\u001b]0;title\u0007text',
    '\u001b[999999999999m\u001b[;;;;mtext',
    '\u202etext\u2066',
    `${'`'.repeat(4_000)}`,
    `${'**'.repeat(2_000)}`,
    `${'\u001b['.repeat(2_000)}`,
    `${'- '.repeat(2_000)}`,
    `${'http://'.repeat(580)}`,
    '\u0000\u0001\u0008',
  ]

  it('keep their words, and only these, in every format, and no pattern runs away', () => {
    for (const message of corpus) {
      for (const format of [undefined, 'text', 'code', 'markdown'] as const) {
        for (const block of contentBlocks(message, format)) {
          expect(textOf(block)).not.toMatch(/[\u0000-\u0008\u001b]/)
        }
      }
    }
  })
})

describe('colours of a terminal', () => {
  it('are the sixteen, and whatever else is asked for is dropped', () => {
    expect(styledTexts('a\u001b[1;31mb\u001b[0mc\u001b[38;5;31md\u001b[2Je')).toEqual([
      { text: 'a', style: {} },
      { text: 'b', style: { bold: true, colour: 1 } },
      { text: 'c', style: {} },
      { text: 'd', style: {} },
      { text: 'e', style: {} },
    ])
    expect(styledTexts('\u001b[92mx')).toEqual([{ text: 'x', style: { colour: 10 } }])
    expect(plainText('\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\ \u001b(Bend\r\n')).toBe(
      'link end\n',
    )
  })
})

describe('the line that says most', () => {
  it('is the first of a compiler and the last of a stack trace', () => {
    expect(tellingLine(['error[E0502]: a', 'note', 'error: could not compile'])).toBe(
      'error[E0502]: a',
    )
    expect(tellingLine(['Traceback', '  File "a"', 'ValueError: no', 'job=1'])).toBe(
      'ValueError: no',
    )
    expect(tellingLine(['test_refund', 'AssertionError: 409', '1 failed, 842 passed'])).toBe(
      'AssertionError: 409',
    )
    expect(tellingLine(['all well'])).toBe('all well')
    expect(tellingLine([])).toBe('')
  })
})

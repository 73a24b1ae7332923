import postcss from 'postcss'
import { expect, test } from 'vitest'
import { scaleWithText, withoutUnused } from './styles.ts'

const built = (css: string) =>
  postcss([scaleWithText, withoutUnused]).process(css, { from: undefined }).css.replace(/\s+/g, ' ')

test('sizes and conditions are in the unit of the text size, edges are not', () => {
  expect(built('a { font: 600 11px/16px x; margin: 0 -20px 4.5px; border: 1px solid }')).toBe(
    'a { font: 600 0.6875rem/1rem x; margin: 0 -1.25rem 0.28125rem; border: 1px solid }',
  )
  expect(built('@media (max-width: 719px) { a { width: calc(100% - 8px) } }')).toBe(
    '@media (max-width: 44.9375em) { a { width: calc(100% - 0.5rem) } }',
  )
  expect(built(`a { background: url("a-20px.svg") #4f46e5 }`)).toContain('a-20px.svg')
})

test('variables that nobody reads go, also those that only such read, and rules that are empty then', () => {
  const css = ':root { --a: 1; --b: var(--a) } p { --c: 2; color: var(--d, var(--c)) }'
  expect(built(css)).toBe('p { --c: 2; color: var(--d, var(--c)) }')
})

test('what Bootstrap brings for other pages goes, what is beside it stays', () => {
  expect(built('.btn-lg, .btn-sm { top: 0 } .btn-secondary:hover { top: 0 }')).toBe(
    '.btn-sm { top: 0 }',
  )
  expect(built('.btn-outline-secondary { top: 0 }')).toContain('btn-outline-secondary')
  expect(built('.form-select-sm, .form-label { top: 0 }')).toContain('.form-select-sm, .form-label')
  expect(built('@media print { .form-control-lg { top: 0 } }')).toBe('')
})

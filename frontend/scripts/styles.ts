// What the build does to the styles, as PostCSS plugins: they are written in pixels, as they were drawn, and come out in the
// unit of the browser's text size, so that all of the page grows with it; what Bootstrap brings and nothing uses goes.
import type { Declaration, Plugin } from 'postcss'

/** Edges and rings stay as fine as they are. */
const finestPx = 4

const pixels = /(?<![\w#.-])(-?\d*\.?\d+)px\b/g

/** `34px` as `2.125rem`; in conditions, which know no root element, as `2.125em`. */
export function scaled(value: string, unit: 'rem' | 'em'): string {
  return value.replace(pixels, (written, number: string) =>
    Math.abs(Number(number)) < finestPx
      ? written
      : `${Number((Number(number) / 16).toFixed(5))}${unit}`,
  )
}

export const scaleWithText: Plugin = {
  postcssPlugin: 'scale-with-text',
  Declaration(declaration) {
    declaration.value = scaled(declaration.value, 'rem')
  },
  AtRule: {
    media(rule) {
      rule.params = scaled(rule.params, 'em')
    },
  },
}

/** Parts of Bootstrap that cannot be left out where it is imported. */
const unusedSelector = new RegExp(
  [
    String.raw`\.(btn-(check|lg|secondary|outline-danger)|col-form-label(-\w+)?|visually-hidden-focusable)\b`,
    String.raw`\.form-(check-(inline|reverse)|control-(color|lg|plaintext)|select-lg)(?![\w-])`,
    String.raw`::-webkit-color|::file-selector-button|\[type=.?file|-calendar-picker`,
    String.raw`(^|[\s+>])(abbr|address|blockquote|caption|fieldset|figure|iframe|legend|mark|samp|sub|summary|sup|progress)\b`,
  ].join('|'),
)

export const withoutUnused: Plugin = {
  postcssPlugin: 'without-unused',
  OnceExit(root) {
    root.walkRules((rule) => {
      const used = rule.selectors.filter((selector) => !unusedSelector.test(selector))
      if (used.length === 0) rule.remove()
      else if (used.length < rule.selectors.length) rule.selectors = used
    })
    // A variable that nobody reads may have been the only one to read another.
    for (let unread = unreadVariables(); unread.length > 0; unread = unreadVariables())
      unread.forEach((declaration) => declaration.remove())
    root.walkAtRules((rule) => void (rule.nodes?.length === 0 && rule.remove()))
    root.walkRules((rule) => void (rule.nodes.length === 0 && rule.remove()))

    function unreadVariables(): Declaration[] {
      const read = new Set<string>()
      root.walkDecls(({ value }) => {
        for (const [, name] of value.matchAll(/var\(\s*(--[\w-]+)/g)) read.add(name!)
      })
      const unread: Declaration[] = []
      root.walkDecls(
        /^--/,
        (declaration) => void (read.has(declaration.prop) || unread.push(declaration)),
      )
      return unread
    }
  },
}

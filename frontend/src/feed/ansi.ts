// Colours that programs print for a terminal: the sixteen of SGR become names, and every other escape sequence, which
// could move a cursor or retitle a window, is dropped.

export interface Style {
  /** 0 to 15, as terminals number them. */
  colour?: number
  bold?: boolean
}

export interface StyledText {
  text: string
  style: Style
}

// CSI, OSC (up to BEL or ST), other string sequences, two-byte escapes, and the control characters that are left.
const escape =
  /(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b-\x1a\x7f\x80-\x9f]/g

export function plainText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(escape, '')
}

export function styledTexts(text: string): StyledText[] {
  const parts: StyledText[] = []
  let style: Style = {}
  let shown = 0
  const clean = text.replaceAll('\r\n', '\n')
  const add = (end: number) => {
    if (end > shown) parts.push({ text: clean.slice(shown, end), style })
  }
  for (const match of clean.matchAll(escape)) {
    add(match.index)
    shown = match.index + match[0].length
    if (match[2] === 'm') style = styled(style, match[1] ?? '')
  }
  add(clean.length)
  return parts
}

function styled(before: Style, parameters: string): Style {
  let style = { ...before }
  const codes = parameters.split(/[;:]/).map(Number)
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index]!
    if (code === 0) style = {}
    else if (code === 1) style.bold = true
    else if (code === 22) delete style.bold
    else if (code >= 30 && code <= 37) style.colour = code - 30
    else if (code >= 90 && code <= 97) style.colour = code - 82
    else if (code === 39) delete style.colour
    // More colours than the page has: their numbers must not be taken for codes of their own.
    else if (code === 38 || code === 48) index += codes[index + 1] === 5 ? 2 : 4
  }
  return style
}

// Two letters and one of twelve colours, the same for a project wherever it is shown.

export const hues = 12

/** By project: the colours that were chosen by hand. */
export type Hues = Readonly<Record<string, number>>
const mostChosen = 200

/** What is stored may come from another version, or from somebody's hand. */
export function parseHues(value: unknown): Hues {
  const isHue = (hue: unknown) => Number.isInteger(hue) && Number(hue) >= 0 && Number(hue) < hues
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, hue]) => isHue(hue)))
}

/** With another colour for the project, or with the one that its name gives; the oldest choices give way. */
export function withHue(chosen: Hues, name: string, hue: number | undefined): Hues {
  const others = Object.entries(chosen).filter(([other]) => other !== name)
  const all = hue === undefined ? others : [...others, [name, hue] as const]
  return Object.fromEntries(all.slice(-mostChosen))
}

/** The colour that was chosen for it, or the one that its name gives. */
export function hueFor(chosen: Hues, name: string): number {
  return Object.hasOwn(chosen, name) ? chosen[name]! : hueOf(name)
}

export function monogram(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean)
  const [first = '', second] = words
  const letters = second ? [...first].slice(0, 1).concat([...second][0]!) : [...first].slice(0, 2)
  return letters.join('').toLowerCase() || '·'
}

/** FNV-1a: even names that differ by one letter get different colours. */
export function hueOf(name: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  }
  return hash % hues
}

// Two letters and one of twelve colours, the same for a project wherever it is shown.

export const hues = 12

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

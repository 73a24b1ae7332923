// Finding an entry of a list by the letters it begins with, as list boxes of every system do.

/** Letters further apart than this begin anew. */
export const typingPauseMs = 1_000

/**
 * The place of the entry that is meant, or undefined. One letter, also typed again and again, goes on to the next entry
 * that begins with it; several stay where they are as long as the entry still fits.
 */
export function typeAhead(
  names: readonly string[],
  typed: string,
  current: number,
): number | undefined {
  const letters = [...typed.toLowerCase()]
  const isOneLetter = letters.every((letter) => letter === letters[0])
  const wanted = isOneLetter ? letters[0]! : letters.join('')
  const first = isOneLetter ? current + 1 : current
  for (let step = 0; step < names.length; step++) {
    const index = (first + step) % names.length
    if (names[index]!.toLowerCase().startsWith(wanted)) return index
  }
  return undefined
}

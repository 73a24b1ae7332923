// What an engine cannot do here, by name: the tests ask for it, and README.md lists each with its reason.
import type { EngineName } from './engines'

const limits = {
  'ends the stream of a page that is put away': ['firefox', 'webkit'],
} as const satisfies Record<string, EngineName[]>

export type Ability = keyof typeof limits
export const abilities = Object.keys(limits) as Ability[]

export const can = (engine: EngineName, ability: Ability): boolean =>
  !(limits[ability] as readonly EngineName[]).includes(engine)

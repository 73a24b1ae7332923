import { describe, expect, it } from 'vitest'
import { typeAhead } from './type-ahead'

const names = ['All', 'shop', 'search', 'Atlas', 'my blog']

describe('typeAhead', () => {
  it.each([
    ['one letter goes on to the next that begins with it', 's', 1, 2],
    ['and after the last to the first', 's', 2, 1],
    ['the same letter again goes on, too', 'ss', 1, 2],
    ['more letters stay where they fit', 'se', 2, 2],
    ['or go where they fit', 'se', 1, 2],
    ['capitals do not matter', 'AT', 0, 3],
    ['a blank may be part of a name', 'my b', 0, 4],
    ['what begins no entry moves nothing', 'x', 3, undefined],
  ])('%s', (_, typed, current, found) => {
    expect(typeAhead(names, typed, current)).toBe(found)
  })
})

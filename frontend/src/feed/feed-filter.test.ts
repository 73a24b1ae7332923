// The filter in the address, and its agreement with what the server finds.
import { describe, expect, it } from 'vitest'
import { filterFromSearch, isFiltering, matchesFilter, searchFromFilter } from './feed-filter'

describe('the filter in the address', () => {
  it('survives the way there and back', () => {
    const filter = { q: 'a & b=ü', level: 'error', tag: 'C#' } as const
    expect(filterFromSearch(searchFromFilter(filter))).toEqual(filter)
  })

  it('is nothing for the whole feed', () => {
    expect(searchFromFilter({})).toBe('')
    expect(filterFromSearch('')).toEqual({})
    expect(isFiltering({})).toBe(false)
  })

  it('ignores what it does not know', () => {
    expect(filterFromSearch('?level=loud&q=%20&x=1')).toEqual({})
  })
})

describe('matchesFilter', () => {
  const notification = {
    id: '1',
    timestamp: '',
    message: 'Deploy FINISHED',
    title: 'Übersicht',
    level: 'success',
    tags: ['api', 'Prod'],
  } as const satisfies object
  const matches = (filter: Parameters<typeof matchesFilter>[1]) =>
    matchesFilter({ ...notification, tags: [...notification.tags] }, filter)

  it('looks into message, title and tags, whatever the case', () => {
    expect([{ q: 'finished' }, { q: 'übers' }, { q: 'prod' }].map(matches)).toEqual([
      true,
      true,
      true,
    ])
    expect(matches({ q: 'failed' })).toBe(false)
  })

  it('wants every word, and quoted ones together, as the server does', () => {
    expect(matches({ q: 'finished übers' })).toBe(true)
    expect(matches({ q: 'finished nowhere' })).toBe(false)
    expect(matches({ q: '"deploy finished" api' })).toBe(true)
    expect(matches({ q: '"finished deploy"' })).toBe(false)
    expect(matches({ tag: '-api' })).toBe(false)
    expect(matches({ tag: '-web' })).toBe(true)
  })

  it('takes level and tag by the letter, and all conditions together', () => {
    expect(matches({ level: 'success', tag: 'api', q: 'deploy' })).toBe(true)
    expect(matches({ level: 'error' })).toBe(false)
    expect(matches({ tag: 'prod' })).toBe(false)
  })
})

// The words of the search field, the filter in the address, and its agreement with what the server finds.
import { describe, expect, it } from 'vitest'
import {
  filterFromSearch,
  isSearching,
  listParameters,
  matchesQuery,
  parseQuery,
  searchFromFilter,
  withField,
} from './feed-filter'

describe('the filter in the address', () => {
  it('survives the way there and back', () => {
    const filter = { view: 'failed', text: 'a & b=ü tag:C#' } as const
    expect(filterFromSearch(searchFromFilter(filter))).toEqual(filter)
  })

  it('is nothing for the whole feed', () => {
    expect(searchFromFilter({ view: 'desk', text: ' ' })).toBe('')
    expect(filterFromSearch('')).toEqual({ view: 'desk', text: '' })
    expect(isSearching({ view: 'failed', text: ' ' })).toBe(false)
  })

  it('ignores what it does not know, and understands bookmarks of earlier versions', () => {
    expect(filterFromSearch('?view=loud&q=%20&x=1')).toEqual({ view: 'desk', text: '' })
    expect(filterFromSearch('?q=a&level=error&tag=two%20words').text).toBe(
      'a level:error tag:"two words"',
    )
  })
})

describe('what is typed', () => {
  it('is words, phrases and fields', () => {
    expect(parseQuery('Refund "Two Words" project:shop from:ci state:failed level:error')).toEqual({
      words: ['refund', 'two words'],
      source: ['shop'],
      actor: ['ci'],
      key: [],
      state: ['failed'],
      level: ['error'],
      tag: [],
      withoutTag: [],
    })
    expect(parseQuery('tag:a tag:-b -tag:c').withoutTag).toEqual(['b', 'c'])
    expect(parseQuery('project:"my shop"').source).toEqual(['my shop'])
  })

  it('is a word when it only looks like a field', () => {
    expect(parseQuery('http://a.example:80 note:x').words).toEqual([
      'http://a.example:80',
      'note:x',
    ])
    expect(parseQuery('state:loud')).toMatchObject({ words: [], state: [] })
  })

  it('gets and loses a field by a click', () => {
    expect(withField('refund', 'project', 'my shop')).toBe('refund project:"my shop"')
    expect(withField('source:a refund', 'project', 'b')).toBe('refund project:b')
    expect(withField('project:a refund', 'project', undefined)).toBe('refund')
  })
})

describe('what the server is asked for', () => {
  it('are its own parameters', () => {
    const query = parseQuery('"two words" x project:shop tag:a -tag:b')
    expect(listParameters(query)).toMatchObject({
      q: '"two words" x',
      source: ['shop'],
      tag: ['a', '-b'],
    })
    expect(listParameters(parseQuery('state:waiting'))).toMatchObject({ state: ['waiting'] })
  })

  it('is the level where failed can also mean a notification without a state', () => {
    expect(listParameters(parseQuery('state:failed'))).toMatchObject({ level: ['error'] })
    expect(listParameters(parseQuery('state:failed')).state).toBeUndefined()
  })
})

describe('matchesQuery', () => {
  const notification = {
    id: '1',
    timestamp: '',
    message: 'Deploy FINISHED',
    title: 'Übersicht',
    level: 'success',
    tags: ['api', 'Prod'],
    source: 'shop',
    link: 'https://ci.example.com/1',
  } as const satisfies object
  const matches = (text: string) =>
    matchesQuery({ ...notification, tags: [...notification.tags] }, parseQuery(text))

  it('looks into message, title, tags and link, whatever the case', () => {
    const found = ['finished', 'übers', 'prod', 'ci.example.com'].map(matches)
    expect(found).toEqual([true, true, true, true])
    expect(matches('failed')).toBe(false)
  })

  it('wants every word, and quoted ones together, as the server does', () => {
    expect(matches('finished übers')).toBe(true)
    expect(matches('finished nowhere')).toBe(false)
    expect(matches('"deploy finished" api')).toBe(true)
    expect(matches('"finished deploy"')).toBe(false)
  })

  it('takes fields by the letter, and all conditions together', () => {
    expect(matches('level:success tag:api project:shop state:done deploy')).toBe(true)
    expect(matches('level:error')).toBe(false)
    expect(matches('tag:prod')).toBe(false)
    expect(matches('-tag:api')).toBe(false)
    expect(matches('-tag:web')).toBe(true)
    expect(matches('from:ci')).toBe(false)
  })
})

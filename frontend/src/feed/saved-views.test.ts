import { describe, expect, it } from 'vitest'
import { isSameFilter, mostViews, parseViews, withView } from './saved-views'

const red = { name: 'red', view: 'failed', text: 'project:shop' } as const

describe('saved views', () => {
  it('are read back, and what is none is passed over', () => {
    const stored = [
      red,
      { ...red, text: 'twice' },
      { ...red, name: ' ' },
      { name: 'x', view: 'none', text: '' },
      null,
      7,
    ]
    expect(parseViews(JSON.parse(JSON.stringify(stored)))).toEqual([red])
    expect(parseViews({ red })).toEqual([])
  })

  it('replace one of the same name where it stands', () => {
    const other = { name: 'other', view: 'desk', text: 'refund' } as const
    const changed = { ...red, text: 'level:error' }
    expect(withView([red, other], changed)).toEqual([changed, other])
    expect(withView([red], other)).toEqual([red, other])
  })

  it('are bounded: the oldest gives way', () => {
    let views = parseViews([])
    for (let count = 0; count <= mostViews; count++) {
      views = withView(views, { ...red, name: String(count) })
    }
    expect(views).toHaveLength(mostViews)
    expect(views[0]?.name).toBe('1')
  })

  it('are known by view and text', () => {
    expect(isSameFilter(red, { view: 'failed', text: ' project:shop ' })).toBe(true)
    expect(isSameFilter(red, { view: 'desk', text: 'project:shop' })).toBe(false)
  })
})

// Times as people say them.
import { describe, expect, it } from 'vitest'
import { dayName, relativeTime } from './time-texts'

const now = new Date(2026, 10, 23, 15, 0, 0).getTime()
const minute = 60_000
const relative = (agoMs: number, language = 'en') =>
  relativeTime(now - agoMs, now, language, 'just now')

describe('relativeTime', () => {
  it('goes from just now over minutes and hours to the clock', () => {
    expect(relative(-5_000)).toBe('just now')
    expect(relative(44_000)).toBe('just now')
    expect(relative(46_000)).toBe('1 min. ago')
    expect(relative(12 * minute)).toBe('12 min. ago')
    expect(relative(50 * minute)).toBe('1 hr. ago')
    expect(relative(14 * 60 * minute)).toBe('14 hr. ago')
    expect(relative(20 * 60 * minute)).toMatch(/7:00/)
  })

  it('speaks the language of the page', () => {
    expect(relative(12 * minute, 'de')).toBe('vor 12 Min.')
  })
})

describe('dayName', () => {
  const name = (daysAgo: number) => {
    const time = new Date(now)
    time.setDate(time.getDate() - daysAgo)
    return dayName(time.getTime(), now, 'en', { today: 'Today', yesterday: 'Yesterday' })
  }

  it('names the near days and dates the others', () => {
    expect(name(0)).toBe('Today')
    expect(name(1)).toBe('Yesterday')
    expect(name(4)).toBe('Thursday, November 19')
    expect(name(400)).toContain('2025')
  })
})

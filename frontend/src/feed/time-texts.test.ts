// Times as people say them.
import { describe, expect, it } from 'vitest'
import { dayName, dayTimes, duration, shortTime } from './time-texts'

const now = new Date(2026, 10, 23, 15, 0, 0).getTime()
const minute = 60_000
const words = {
  justNow: 'now',
  minutes: (count: number) => `${count} min`,
  hoursAndMinutes: (hours: number, minutes: number) => `${hours} h ${minutes} min`,
  days: (count: number) => `${count} d`,
}
const short = (agoMs: number, language = 'en') => shortTime(now - agoMs, now, language, words)

describe('shortTime', () => {
  it('goes from now over minutes to the clock and the date', () => {
    expect(short(-5_000)).toBe('now')
    expect(short(44_000)).toBe('now')
    expect(short(46_000)).toBe('1 min')
    expect(short(12 * minute)).toBe('12 min')
    expect(short(59 * minute)).toBe('59 min')
    expect(short(61 * minute)).toMatch(/1:59/)
    expect(short(61 * minute, 'de')).toBe('13:59')
    expect(short(3 * 24 * 60 * minute)).toBe('Nov 20')
  })

  it('shows the exact time of what is ahead, instead of calling it now for hours', () => {
    expect(short(-180 * minute, 'de')).toBe('18:00')
  })
})

describe('duration', () => {
  it('is said in the largest units that matter', () => {
    expect(duration(20_000, words)).toBe('now')
    expect(duration(48 * minute, words)).toBe('48 min')
    expect(duration(71 * minute, words)).toBe('1 h 11 min')
    expect(duration(72 * 60 * minute, words)).toBe('3 d')
  })
})

describe('dayTimes', () => {
  it('never lets a day come twice, whatever the posters say', () => {
    const day = 24 * 60 * minute
    // Newest first; one is backdated by a day, another is from tomorrow.
    const times = [now, now - day, now - minute, now + day, now - day, now - day]
    expect(dayTimes(times, now)).toEqual([now, now, now, now, now - day, now - day])
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

// The title of the tab: who waits, what failed, what is unread, and whether the page is well.
import { expect, it } from 'vitest'
import { tabTitle } from './use-tab-mark'

const title = (values: Partial<Parameters<typeof tabTitle>[1]>) =>
  tabTitle('Hub', {
    waiting: 0,
    unreadFailed: 0,
    unread: 0,
    soundBlocked: false,
    isLost: false,
    ...values,
  })

it('counts what waits, then what failed, then the rest', () => {
  expect(title({})).toBe('Hub')
  expect(title({ unread: 3 })).toBe('3 – Hub')
  expect(title({ waiting: 4, unreadFailed: 2, unread: 9 })).toBe('‼4 · ✕2 · 9 – Hub')
  expect(title({ unreadFailed: 2, unread: 2 })).toBe('✕2 – Hub')
  expect(title({ unread: 120 })).toBe('99+ – Hub')
})

it('says that sound is blocked and that the connection is lost', () => {
  expect(title({ soundBlocked: true })).toBe('🔇 Hub')
  expect(title({ isLost: true, waiting: 1 })).toBe('⚠ ‼1 – Hub')
})

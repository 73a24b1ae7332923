// How lists are put together without doubles and without gaps.
import { describe, expect, it } from 'vitest'
import type { Notification } from '../api/notification'
import {
  isNews,
  newIn,
  without,
  withNotification,
  withOlder,
  withSnapshot,
} from './notification-list'

const some = (...ids: string[]): Notification[] =>
  ids.map((id) => ({ id, message: id, timestamp: '2026-11-23T12:00:00.000Z' }))
const ids = (list: readonly Notification[]) => list.map(({ id }) => id).join('')
const part = (notifications: Notification[], complete = false, reset = false) => ({
  notifications,
  complete,
  reset,
})

describe('live items and older pages', () => {
  it('puts a new item on top, once', () => {
    const list = withNotification(some('b', 'a'), some('c')[0]!)
    expect(ids(list)).toBe('cba')
    expect(ids(withNotification(list, some('a')[0]!))).toBe('cba')
    expect(ids(withNotification([], some('a')[0]!))).toBe('a')
  })

  it('puts a revision in the place of what it revises', () => {
    const revised = { ...some('b')[0]!, message: 'other' }
    const list = withNotification(some('c', 'b', 'a'), revised)
    expect(list.map(({ message }) => message)).toEqual(['c', 'other', 'a'])
    expect(isNews(revised, list)).toBe(false)
    expect(isNews(some('d')[0]!, list)).toBe(true)
  })

  it('leaves one that is older than everything to the older pages', () => {
    const list = some('c', 'b')
    expect(withNotification(list, some('a')[0]!)).toBe(list)
  })

  it('appends older items that are not there yet', () => {
    expect(ids(withOlder(some('d', 'c'), some('c', 'b', 'a')))).toBe('dcba')
  })

  it('removes by id', () => {
    expect(ids(without(some('c', 'b', 'a'), ['b']))).toBe('ca')
    const list = some('a')
    expect(without(list, ['x'])).toBe(list)
  })

  it('finds what is new', () => {
    expect(ids(newIn(some('d', 'c', 'b'), some('c', 'a')))).toBe('db')
  })
})

describe('snapshots', () => {
  it('replace everything after a reset', () => {
    expect(ids(withSnapshot(some('c', 'b', 'a'), part(some('z'), false, true)))).toBe('z')
  })

  it('keep older pages that join on', () => {
    expect(ids(withSnapshot(some('d', 'c', 'b', 'a'), part(some('e', 'd', 'c'))))).toBe('edcba')
  })

  it('drop what was deleted in between', () => {
    expect(ids(withSnapshot(some('d', 'c', 'b', 'a'), part(some('e', 'd', 'b'))))).toBe('edba')
  })

  it('drop older pages behind a gap', () => {
    expect(ids(withSnapshot(some('b', 'a'), part(some('z', 'y'))))).toBe('zy')
  })

  it('are all there is when the server has no more', () => {
    expect(ids(withSnapshot(some('c', 'b', 'a'), part(some('c'), true)))).toBe('c')
    expect(ids(withSnapshot(some('c', 'b', 'a'), part([], true)))).toBe('')
  })
})

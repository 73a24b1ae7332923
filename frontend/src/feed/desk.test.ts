// The feed as a desk: who waits, what is folded, what is settled, in which order projects stand.
import { describe, expect, it } from 'vitest'
import type { Notification } from '../api/notification'
import { foldWithinMs, isFailing, makeDesk } from './desk'
import { unknownView, type FeedView } from './feed-view'
import { hueOf, hues, monogram } from './monogram'

const now = Date.UTC(2026, 10, 23, 15)
let made = 0

/** Posted one after another: the next one is newer. */
function post(values: Partial<Notification>, minutesAgo = 0): Notification {
  made += 1
  const timestamp = new Date(now - minutesAgo * 60_000).toISOString()
  return { id: `n${String(made).padStart(5, '0')}`, message: 'm', timestamp, ...values }
}

const deskOf = (posted: Notification[], open: Notification[] = []) => {
  const view: FeedView = { ...unknownView, known: true, list: [...posted].reverse(), open }
  return makeDesk(view, now, () => true)
}
const shape = (posted: Notification[]) =>
  deskOf(posted).rows.map(({ card, earlier }) => [
    card.title,
    ...earlier.map(({ title, isResolved }) => (isResolved ? `(${title})` : title)),
  ])

describe('the lane and the strip', () => {
  it('hold what is open, the longest waiting first, and leave the rows to the rest', () => {
    const old = post({ message: 'old', state: 'waiting' }, 200)
    const desk = deskOf(
      [
        post({ message: 'newer', state: 'waiting', since: new Date(now - 9e5).toISOString() }),
        post({ message: 'newest', state: 'waiting' }),
        post({ message: 'run', state: 'running' }),
        post({ message: 'settled', state: 'waiting', resolved_at: 'x' }),
        post({ message: 'later', state: 'waiting', snoozed_until: '2030-01-01T00:00:00Z' }),
      ],
      [old],
    )
    expect(desk.needs.map(({ title }) => title)).toEqual(['old', 'newer', 'newest'])
    expect(desk.running.map(({ title }) => title)).toEqual(['run'])
    expect(desk.rows.map(({ card }) => card.title)).toEqual(['later', 'settled'])
  })

  it('takes back what was put off when the time has come', () => {
    const snoozed = post({ state: 'waiting', snoozed_until: new Date(now + 1).toISOString() })
    const view: FeedView = { ...unknownView, known: true, list: [snoozed] }
    expect(makeDesk(view, now, () => true).needs).toHaveLength(0)
    expect(makeDesk(view, now + 2, () => true).needs).toHaveLength(1)
  })
})

describe('folding', () => {
  it('puts what has the same key under the newest, whatever its state', () => {
    const ci = { source: 'shop', key: 'ci' }
    expect(
      shape([
        post({ ...ci, title: 'one', state: 'done' }),
        post({ title: 'between' }),
        post({ ...ci, title: 'two', state: 'failed' }),
        post({ source: 'other', key: 'ci', title: 'other' }),
      ]),
    ).toEqual([['other'], ['two', 'one'], ['between']])
  })

  it('shows a failure as settled under a success, and counts it no more', () => {
    const ci = { source: 'shop', key: 'ci' }
    const posted = [
      post({ ...ci, title: 'one', state: 'failed' }),
      post({ ...ci, title: 'two', state: 'done' }),
    ]
    expect(shape(posted)).toEqual([['two', '(one)']])
    expect(deskOf(posted).failed).toBe(0)
    expect(deskOf(posted.slice(0, 1)).failed).toBe(1)
  })

  it('does the same by speaker and title for what has no key', () => {
    const make = { source: 'shop', actor: 'build', title: 'make' }
    expect(shape([post({ ...make, state: 'failed' }), post({ ...make, state: 'done' })])).toEqual([
      ['make', '(make)'],
    ])
    // A failure after a success is news.
    expect(shape([post({ ...make, state: 'done' }), post({ ...make, state: 'failed' })])).toEqual([
      ['make'],
      ['make'],
    ])
  })

  it('takes repetitions within an hour only', () => {
    const hour = foldWithinMs / 60_000
    const backup = { title: 'Backup', actor: 'cron' }
    expect(shape([post(backup, hour + 1), post(backup, hour - 1), post(backup)])).toEqual([
      ['Backup', 'Backup'],
      ['Backup'],
    ])
    expect(shape([post({ title: 'a', actor: 'x' }), post({ title: 'a', actor: 'y' })])).toEqual([
      ['a'],
      ['a'],
    ])
  })

  it('settles what a person has settled', () => {
    const [row] = deskOf([post({ state: 'failed', resolved_at: 'x' })]).rows
    expect(isFailing(row!)).toBe(false)
  })
})

describe('projects', () => {
  it('stand by their worst, then by their newest', () => {
    const desk = deskOf([
      post({ source: 'waits', state: 'waiting', actor: 'claude', message: 'may I?' }),
      post({ source: 'failed', state: 'failed' }),
      post({ source: 'old' }),
      post({ source: 'new' }),
    ])
    expect(desk.projects.map(({ name }) => name)).toEqual(['waits', 'failed', 'new', 'old'])
    expect(desk.projects[0]).toMatchObject({
      waiting: 1,
      sessions: [{ actor: 'claude', name: 'may I?', state: 'waiting' }],
    })
  })

  it('have letters and a colour of their own', () => {
    expect(['checkout-api', 'infra', 'поиск', '…', 'a'].map(monogram)).toEqual([
      'ca',
      'in',
      'по',
      '·',
      'a',
    ])
    const used = new Set(Array.from({ length: 200 }, (_, index) => hueOf(`project-${index}`)))
    expect(used.size).toBe(hues)
  })
})

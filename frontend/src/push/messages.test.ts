import { expect, it } from 'vitest'
import { bannerOf } from '../feed/banner'
import { parsePushed } from './messages'

const card = { type: 'show', id: '1', about: 'shop/7', state: 'waiting', message: 'May I?' }

it('takes what the hub pushes', () => {
  expect(parsePushed(JSON.stringify({ ...card, title: 'Deploy', more: 1 }))).toEqual({
    ...card,
    title: 'Deploy',
  })
  expect(parsePushed('{"type":"close","id":"1"}')).toEqual({ type: 'close', id: '1' })
})

it.each([
  '',
  'null',
  '[]',
  '{}',
  '{"type":"close"}',
  '{"type":"sing","id":"1"}',
  JSON.stringify({ ...card, message: 7 }),
  JSON.stringify({ ...card, about: undefined }),
  JSON.stringify({ ...card, state: 'running' }),
])('passes over what is something else: %s', (text) => {
  expect(parsePushed(text)).toBeUndefined()
})

it('makes one banner of one notification, whoever shows it', () => {
  const productName = 'NotifyHub'
  const message = '\x1b[31mred\x1b[0m'
  expect(bannerOf({ id: '1', message }, { productName })).toEqual({
    title: 'NotifyHub',
    body: 'red',
    about: '1',
    tag: 'notifyhub:1:1',
  })
  const about = { id: '2', source: 'shop', actor: 'ci', key: '7', message }
  expect(bannerOf(about, { productName })).toMatchObject({ title: 'shop · ci', body: 'red' })
  expect(bannerOf({ ...about, title: 'Deploy' }, { productName, more: 'and 2 more' })).toEqual({
    title: 'Deploy',
    body: 'shop · ci\nred\nand 2 more',
    about: 'shop/7',
    tag: 'notifyhub:shop/7:2',
  })
  expect(bannerOf({ id: '3', key: '7', message }, { productName }).about).toBe('/7')
})

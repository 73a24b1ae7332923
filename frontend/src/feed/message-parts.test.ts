// What becomes a link and what must never become one.
import { describe, expect, it } from 'vitest'
import { messageParts, safeLink } from './message-parts'

const links = (message: string) =>
  messageParts(message).flatMap((part) => (part.kind === 'link' ? [part.url] : []))

describe('messageParts', () => {
  it('gives back every character of the message', () => {
    for (const message of [
      'no links',
      '',
      'https://a.example',
      'two https://a.example/x, and http://b.example/?q=1&r=2#z.\nend',
      '<img src=x onerror=alert(1)> <a href="https://evil.example">x</a>',
      'مرحبا https://a.example 🎉',
    ]) {
      expect(
        messageParts(message)
          .map((part) => part.text)
          .join(''),
      ).toBe(message)
    }
  })

  it('finds addresses and leaves the punctuation around them alone', () => {
    expect(links('See https://a.example/b_(c).')).toEqual(['https://a.example/b_(c)'])
    expect(links('(https://a.example/b)')).toEqual(['https://a.example/b'])
    expect(links('"https://a.example", ok?')).toEqual(['https://a.example/'])
    expect(links('HTTPS://A.EXAMPLE/Path')).toEqual(['https://a.example/Path'])
  })

  it('never links anything but http and https', () => {
    expect(links('javascript:alert(1) data:text/html,x file:///etc ftp://a.example')).toEqual([])
    expect(links('https://')).toEqual([])
  })

  it('does not let direction marks hide where a link leads', () => {
    expect(links('https://good.example/\u202emoc.live')).toEqual(['https://good.example/'])
  })

  it('is quick on 4,096 characters made to be slow', () => {
    const started = performance.now()
    messageParts('https://a' + '('.repeat(4_087))
    messageParts('https://a' + ')'.repeat(4_087))
    messageParts('https://'.repeat(512))
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('safeLink', () => {
  it('lets only web addresses through', () => {
    expect(safeLink('https://a.example/x')).toBe('https://a.example/x')
    for (const link of [
      'javascript:alert(1)',
      ' java\nscript:alert(1)',
      'data:,x',
      '//a',
      '',
      undefined,
    ]) {
      expect(safeLink(link)).toBeUndefined()
    }
  })
})

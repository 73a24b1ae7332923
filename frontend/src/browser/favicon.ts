// The icon of the tab with a number on it, as an address of a drawn SVG. The bell is the one of the page's icons.
import bell from './bell.json'

const colours = {
  waiting: { ground: '#b45309', text: '#fff' },
  failed: { ground: '#dc2626', text: '#fff' },
  unread: { ground: '#1c2029', text: '#fff' },
}

export function faviconAddress(what: keyof typeof colours, count: number): string {
  const { ground, text } = colours[what]
  const digits = count > 99 ? '99+' : String(count)
  const width = 24 + 10 * (digits.length - 1)
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">` +
    `<rect width="64" height="64" rx="15" fill="#4f46e5"/>` +
    `<path d="${bell.path}" fill="#fff"/>` +
    `<rect x="${64 - width}" y="34" width="${width}" height="30" rx="13" fill="${ground}"/>` +
    `<text x="${64 - width / 2}" y="57" font-family="sans-serif" font-size="22" font-weight="700"` +
    ` fill="${text}" text-anchor="middle">${digits}</text></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}

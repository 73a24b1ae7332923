// The icon of the tab with the number of unread notifications on it, as an address of a drawn SVG. The
// bell is that of public/favicon.svg.

export const bellPath =
  'M32 10a4 4 0 0 1 4 4v1.1c6.9 1.8 12 8 12 15.4v9.2l4 5.3v3H12v-3l4-5.3v-9.2c0-7.4 5.1-13.6 12-15.4V14a4 4 0 0 1 4-4zm-7 41h14a7 7 0 0 1-14 0z'

export function faviconAddress(unread: number): string {
  const text = unread > 99 ? '99+' : String(unread)
  const width = 24 + 10 * (text.length - 1)
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">` +
    `<rect width="64" height="64" rx="15" fill="#4f46e5"/>` +
    `<path d="${bellPath}" fill="#fff"/>` +
    `<rect x="${64 - width}" y="34" width="${width}" height="30" rx="13" fill="#dc2626"/>` +
    `<text x="${64 - width / 2}" y="57" font-family="sans-serif" font-size="22" font-weight="700"` +
    ` fill="#fff" text-anchor="middle">${text}</text></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}

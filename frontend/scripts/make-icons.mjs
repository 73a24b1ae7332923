// Draws the mark of NotifyHub from src/browser/bell.json into public/: the SVG of the tab, and the PNGs that
// the manifest and home screens ask for. Run it with `npm run icons` after changing the bell.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { crc32, deflateSync } from 'node:zlib'

const bell = JSON.parse(
  readFileSync(new URL('../src/browser/bell.json', import.meta.url), 'utf8'),
).path
const target = new URL('../public/', import.meta.url)
const background = [0x4f, 0x46, 0xe5]
const side = 64
const samplesPerPixel = 4
const stepsPerCurve = 24

/** The outlines of the bell as lists of points. */
function outlines(path) {
  const shapes = []
  for (const [, command, rest] of path.matchAll(/([MLCZ])([^MLCZ]*)/g)) {
    const numbers = rest
      .trim()
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(Number)
    if (command === 'M') shapes.push([[numbers[0], numbers[1]]])
    const points = shapes.at(-1)
    if (command === 'L') points.push([numbers[0], numbers[1]])
    if (command === 'C') {
      const [x0, y0] = points.at(-1)
      const [x1, y1, x2, y2, x3, y3] = numbers
      for (let step = 1; step <= stepsPerCurve; step++) {
        const t = step / stepsPerCurve
        const u = 1 - t
        const mix = (a, b, c, d) =>
          u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d
        points.push([mix(x0, x1, x2, x3), mix(y0, y1, y2, y3)])
      }
    }
  }
  return shapes
}

function isInside(points, x, y) {
  let inside = false
  for (let index = 0, last = points.length - 1; index < points.length; last = index++) {
    const [x1, y1] = points[index]
    const [x2, y2] = points[last]
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside
  }
  return inside
}

function isInRoundedSquare(x, y, radius) {
  const overX = Math.max(radius - x, x - (side - radius), 0)
  const overY = Math.max(radius - y, y - (side - radius), 0)
  return overX * overX + overY * overY <= radius * radius
}

/** RGBA bytes; `cornerRadius` and `bellScale` are in the units of the bell's square. */
function draw(pixels, cornerRadius, bellScale) {
  const shapes = outlines(bell)
  const bytes = Buffer.alloc(pixels * pixels * 4)
  for (let row = 0; row < pixels; row++) {
    for (let column = 0; column < pixels; column++) {
      let covered = 0
      let white = 0
      for (let sample = 0; sample < samplesPerPixel ** 2; sample++) {
        const x = ((column + ((sample % samplesPerPixel) + 0.5) / samplesPerPixel) / pixels) * side
        const y =
          ((row + (Math.floor(sample / samplesPerPixel) + 0.5) / samplesPerPixel) / pixels) * side
        if (!isInRoundedSquare(x, y, cornerRadius)) continue
        covered += 1
        const bellX = (x - side / 2) / bellScale + side / 2
        const bellY = (y - side / 2) / bellScale + side / 2
        if (shapes.some((points) => isInside(points, bellX, bellY))) white += 1
      }
      const share = covered > 0 ? white / covered : 0
      const pixel = background.map((channel) => Math.round(channel + (255 - channel) * share))
      pixel.push(Math.round((covered / samplesPerPixel ** 2) * 255))
      bytes.set(pixel, (row * pixels + column) * 4)
    }
  }
  return bytes
}

function png(pixels, rgba) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, checksum])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(pixels, 0)
  header.writeUInt32BE(pixels, 4)
  header.set([8, 6, 0, 0, 0], 8) // 8 bits a channel, RGBA
  const rows = []
  for (let row = 0; row < pixels; row++) {
    rows.push(Buffer.from([0]), rgba.subarray(row * pixels * 4, (row + 1) * pixels * 4))
  }
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk(
      'tEXt',
      Buffer.from('Comment\0Drawn by scripts/make-icons.mjs; remake it with: npm run icons'),
    ),
    chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

mkdirSync(new URL('icons/', target), { recursive: true })
const icons = [
  { name: 'icon-192', pixels: 192, cornerRadius: 15, bellScale: 0.95 },
  { name: 'icon-512', pixels: 512, cornerRadius: 15, bellScale: 0.95 },
  // The system cuts these into its own shape, so they fill the square and keep clear of its edge.
  { name: 'icon-180', pixels: 180, cornerRadius: 0, bellScale: 0.85 },
  { name: 'icon-maskable-512', pixels: 512, cornerRadius: 0, bellScale: 0.72 },
]
for (const { name, pixels, cornerRadius, bellScale } of icons) {
  const image = png(pixels, draw(pixels, cornerRadius, bellScale))
  writeFileSync(new URL(`icons/${name}.png`, target), image)
  console.log(`icons/${name}.png: ${image.length} bytes`)
}
writeFileSync(
  new URL('favicon.svg', target),
  `<!-- Written by scripts/make-icons.mjs from src/browser/bell.json; remake it with: npm run icons -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
  <rect width="64" height="64" rx="15" fill="#4f46e5"/>
  <path fill="#fff" d="${bell}"/>
</svg>
`,
)

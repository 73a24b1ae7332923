// The contrast of an element as it is computed: of its text with the ground it stands on, and of its edge, or its own
// ground, with what is around it (WCAG 2.2, 1.4.3 and 1.4.11).
import type { Locator } from '@playwright/test'

export const contrastOf = (locator: Locator): Promise<{ text: number; edge: number }> =>
  locator.first().evaluate((element) => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d')!
    /** Of these colours, painted one over the other. */
    const luminance = (colors: string[]): number => {
      for (const color of colors) {
        canvas.fillStyle = color
        canvas.fillRect(0, 0, 1, 1)
      }
      const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
        const part = value / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    const ratio = (one: number, other: number) =>
      (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    const around: string[] = []
    for (let at = element.parentElement; at; at = at.parentElement)
      around.unshift(getComputedStyle(at).backgroundColor)
    const { color, backgroundColor, borderTopColor } = getComputedStyle(element)
    const ground = luminance(around)
    const own = luminance([...around, backgroundColor])
    return {
      text: ratio(luminance([...around, backgroundColor, color]), own),
      edge: Math.max(ratio(own, ground), ratio(luminance([...around, borderTopColor]), ground)),
    }
  })

// axe finds nothing on any view, in either theme; and what axe cannot see: languages and narrow screens.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from '@playwright/test'
import { contrastOf } from './support/contrast'
import { fillWithDay } from './support/day'
import {
  banner,
  chooseInMenu,
  expect,
  item,
  items,
  needs,
  openLive,
  openRow,
  test,
} from './support/test'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Check {
  message: string
}
interface Finding {
  id: string
  nodes: { target: unknown; any: Check[]; all: Check[]; none: Check[] }[]
}
interface Findings {
  violations: Finding[]
  incomplete: Finding[]
}

/** What axe leaves open, and why that is no defect. */
const settled = [
  // One letter, or the dot of who has no project: its colours are those of the longer ones beside it.
  'too short to determine if it is actual text content',
]

async function expectAccessible(page: Page, view: string): Promise<void> {
  // Colours in the middle of a transition are nobody's.
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished)),
  )
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe)
  // Transparent areas to click on, the edge of what failed and the arrow of a select hide from axe on which ground a text
  // stands: without them it judges the same colours. What floats is over what one does not read just then.
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(`
      .row-open::after, .row.failed::before { content: none !important }
      select { background-image: none !important }
    `)
    document.adoptedStyleSheets = [sheet]
  })
  const findings = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const { axe } = window as unknown as { axe: { run(o: object): Promise<Findings> } }
    const { violations, incomplete } = await axe.run({ runOnly: tags })
    return [...violations, ...incomplete].flatMap(({ id, nodes }) =>
      nodes.map(({ target, any, all, none }) => ({
        id,
        target,
        says: [...any, ...all, ...none].map(({ message }) => message).join('; '),
      })),
    )
  })
  await page.evaluate(() => (document.adoptedStyleSheets = []))
  const open = []
  for (const finding of findings) {
    const { id, target, says } = finding
    if (settled.some((reason) => says.includes(reason))) continue
    // Where something else may lie above a text, axe gives up; the colours are known all the same.
    const isHidden = id === 'color-contrast' && says.includes('overlapped by another element')
    const ratio = isHidden ? (await contrastOf(page.locator(String(target)))).text : 0
    if (ratio < 4.5) open.push({ ...finding, ratio })
  }
  expect(open, view).toEqual([])
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing on any view, ${colorScheme}`, async ({ page, hub }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await openLive(page, hub.url)
    await expect(page.getByTestId('sound-hint')).toBeVisible()
    await expectAccessible(page, 'the empty hub with the hint about sound')

    await fillWithDay(hub)
    await expect(needs(page)).toHaveCount(5)
    await expectAccessible(page, 'the desk')

    const row = await openRow(page, 'cargo test')
    await expectAccessible(page, 'an opened row')
    await row.locator('.card-buttons').getByRole('button', { name: 'Delete' }).click()
    await expectAccessible(page, 'the desk with the way back')

    const views = {
      'Send a test notification': 'test',
      Settings: 'settings',
      'Delete everything on the hub…': 'clear',
    }
    for (const [entry, view] of Object.entries(views)) {
      await chooseInMenu(page, entry)
      await expect(page.getByRole('dialog')).toBeVisible()
      await expectAccessible(page, view)
      await page.keyboard.press('Escape')
    }
    await page.getByRole('button', { name: 'More', exact: true }).click()
    await expectAccessible(page, 'the menu')
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await expectAccessible(page, 'help')
    await page.keyboard.press('Escape')
    await page.keyboard.press('p')
    await expect(page.getByRole('listbox')).toBeFocused()
    await page.keyboard.press('End')
    await expectAccessible(page, 'the picker of projects')
    await page.keyboard.press('Escape')

    await page.setViewportSize({ width: 1600, height: 900 })
    await expect(page.getByTestId('pane')).toBeVisible()
    await expectAccessible(page, 'the desk with its pane')
    const ofProject = page.getByRole('button', { name: 'More about checkout-api' })
    await ofProject.press('Enter')
    await expectAccessible(page, 'the menu of a project: when it sounds again, and its colour')
    await page.getByRole('menuitem', { name: 'Mute for 30 minutes' }).press('Enter')
    await ofProject.press('Enter')
    await expect(page.getByRole('menuitem', { name: 'Sound again' })).toBeVisible()
    await expectAccessible(page, 'the menu of a project that is mute')
    await page.keyboard.press('Escape')
    await page.setViewportSize({ width: 390, height: 800 })
    await expectAccessible(page, 'the desk on a phone')
    await page.getByRole('navigation').getByRole('button', { name: 'checkout-api' }).first().click()
    await page.getByRole('button', { name: 'More', exact: true }).click()
    await expectAccessible(page, 'the menu on a phone, with a project')
    await page.keyboard.press('Escape')
    await page.keyboard.press('1')
    await page.setViewportSize({ width: 1000, height: 800 })

    await page.getByRole('button', { name: 'Wall mode' }).click()
    await expect(page.locator('.wc.w')).toHaveCount(5)
    await expectAccessible(page, 'the wall')
    await page.keyboard.press('w')

    await page.getByRole('searchbox', { name: 'Search' }).fill('nowhere')
    await expect(page.getByText('Nothing found')).toBeVisible()
    await expectAccessible(page, 'nothing found')

    await hub.kill()
    await expect(banner(page)).toBeVisible()
    await expectAccessible(page, 'connection lost')
  })
}

// Zoom makes everything twice as large, also what stands in pixels; the browser's size of text only what is measured by it.
const twice = {
  'zoomed, on a desk': { width: 500, height: 400 },
  'with large text, on a desk': { width: 1000, height: 800 },
  'with large text, on a phone': { width: 390, height: 844 },
}
for (const [way, viewport] of Object.entries(twice)) {
  test(`at twice the size nothing sticks out, ${way}`, async ({ page, hub }) => {
    await page.setViewportSize(viewport)
    const isLargeText = way.includes('large text')
    if (isLargeText) {
      const session = await page.context().newCDPSession(page)
      await session.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } })
    }
    await fillWithDay(hub)
    await openLive(page, hub.url)
    await expect(needs(page)).toHaveCount(5)
    const textPx = await needs(page)
      .first()
      .evaluate((row) => parseFloat(getComputedStyle(row).fontSize))
    expect(textPx).toBeGreaterThanOrEqual(isLargeText ? 2 * 13.5 : 13.5)
    const expectFit = async (view: string) => {
      const { width } = viewport
      expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBe(width)
      expect(await cutTexts(page), view).toEqual([])
      expect(await outOfReach(page), view).toEqual([])
    }
    await expectFit('the desk')
    await openRow(page, 'cargo test')
    await expectFit('an opened row')
    for (const entry of ['Send a test notification', 'Settings', 'Delete everything on the hub…']) {
      await chooseInMenu(page, entry)
      await expectFit(entry)
      await page.keyboard.press('Escape')
    }
  })
}

/** Controls that cannot be brought wholly onto the screen by scrolling what they stand in. */
const outOfReach = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const dialog = document.querySelector('dialog[open]')
    const controls = [...(dialog ?? document).querySelectorAll('button, a, input, select')]
    return controls
      .filter((control) => {
        const { clipPath, opacity } = getComputedStyle(control)
        if (!control.checkVisibility({ visibilityProperty: true })) return false
        if (clipPath !== 'none' || opacity === '0' || control.matches('.skip-link, .rail-menu *'))
          return false
        control.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' })
        // What only a script can scroll, nobody can.
        for (let box = control.parentElement; box; box = box.parentElement)
          if (box.scrollLeft > 0 && getComputedStyle(box).overflowX === 'hidden') return true
        const { left, right, top, bottom } = control.getBoundingClientRect()
        return left < 0 || right > innerWidth + 1 || top < 0 || bottom > innerHeight + 1
      })
      .map((control) => control.outerHTML.slice(0, 160))
  })

/** Texts that are cut without saying so. */
const cutTexts = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('body :not(.visually-hidden)')]
      .filter((element) => {
        const { overflowX, textOverflow, clipPath, webkitLineClamp } = getComputedStyle(element)
        const isWanted = textOverflow === 'ellipsis' || webkitLineClamp !== 'none'
        const ownText = [...element.childNodes].some(
          (node) => node.nodeType === Node.TEXT_NODE && node.textContent!.trim() !== '',
        )
        const isCut = element.scrollWidth > element.clientWidth + 1
        return ownText && overflowX === 'hidden' && clipPath === 'none' && !isWanted && isCut
      })
      .map((element) => `${element.className}: ${element.textContent}`),
  )

test('in forced colours what only a colour says has a shape', async ({ page, hub }) => {
  await page.emulateMedia({ forcedColors: 'active' })
  await fillWithDay(hub)
  await openLive(page, hub.url)
  await expect(needs(page)).toHaveCount(5)
  const styleOf = (selector: string, name: string, pseudo?: string) =>
    page
      .locator(selector)
      .first()
      .evaluate(
        (element, [property, part]) => getComputedStyle(element, part).getPropertyValue(property),
        [name, pseudo] as const,
      )
  const canvas = await styleOf('body', 'background-color')
  // What is unread, what failed, the state of the connection: painted, and not in the colour of the ground.
  for (const [selector, pseudo] of [
    ['.row:not(.read) .u'],
    ['.row.failed', '::before'],
    ['.connection-dot'],
    ['.row .mono'],
  ] as const) {
    expect(await styleOf(selector, 'background-color', pseudo), selector).not.toBe(canvas)
  }
  await openRow(page, 'cargo test')
  for (const selector of ['.rail .on', '.row.sel']) {
    expect(await styleOf(selector, 'outline-style'), selector).toBe('solid')
  }
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(`controls are seen, and what has the focus is, ${colorScheme}`, async ({ page, hub }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await hub.publish({ message: 'a row', source: 'project', tags: ['tag'] })
    await openLive(page, hub.url)
    await openRow(page, 'a row')
    expect(await faintControls(page), 'the desk').toEqual([])
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press('Tab')
      expect(await focusMark(page)).toBe('')
    }
    await chooseInMenu(page, 'Settings')
    expect(await faintControls(page), 'the settings').toEqual([])
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press('Tab')
      expect(await focusMark(page)).toBe('')
    }
  })
}

/** Fields whose border is less than 3:1 from the ground around them (WCAG 1.4.11). */
const faintControls = async (page: Page): Promise<string[]> => {
  const fields = page.locator('.search, input:not([type="search"], [type="range"]), select, .b')
  const faint: string[] = []
  for (const field of await fields.all()) {
    if (!(await field.isVisible())) continue
    const { edge } = await contrastOf(field)
    if (edge < 3)
      faint.push(`${await field.evaluate((one) => one.outerHTML.slice(0, 120))}: ${edge}`)
  }
  return faint
}

/** Nothing if what has the focus shows it, by itself, by what covers it, or by what it stands in. */
const focusMark = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const focused = document.activeElement!
    if (focused === document.body) return ''
    const styles = [
      getComputedStyle(focused),
      getComputedStyle(focused, '::after'),
      getComputedStyle(focused.closest('.search') ?? focused),
    ]
    const isSeen = styles.some(
      ({ outlineStyle, boxShadow }) => outlineStyle !== 'none' || boxShadow !== 'none',
    )
    return isSeen ? '' : focused.outerHTML.slice(0, 200)
  })

test('nothing sticks out at 320 pixels, on any view', async ({ page, hub }) => {
  await page.setViewportSize({ width: 320, height: 600 })
  await openLive(page, hub.url)
  const expectFit = async (view: string) =>
    expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBe(320)
  await expectFit('empty')
  await hub.publish({
    title: 'A rather long title that has to wrap somewhere',
    message: 'https://a.example/' + 'path/'.repeat(30),
    tags: ['one', 'a-rather-long-tag-that-is-cut', 'three'],
    link: `https://${'long-'.repeat(8)}host.example/`,
  })
  await expect(items(page)).toHaveCount(1)
  await expectFit('list')
  await openRow(page, 'A rather long title')
  await expectFit('an opened row')
  const entries = ['Send a test notification', 'Settings', 'Delete everything on the hub…']
  for (const button of entries) {
    await chooseInMenu(page, button)
    const dialog = (await page.getByRole('dialog').boundingBox())!
    expect(dialog.x, button).toBeGreaterThanOrEqual(0)
    expect(dialog.x + dialog.width, button).toBeLessThanOrEqual(320)
    await page.keyboard.press('Escape')
  }
  await hub.kill()
  await expect(banner(page)).toBeVisible()
  await expectFit('connection lost')
})

test('theme and language can be chosen and are remembered', async ({ page, hub }) => {
  await hub.publish('one')
  await openLive(page, hub.url)
  const root = page.locator('html')
  await expect(root).toHaveAttribute('data-bs-theme', 'light')
  await chooseInMenu(page, 'Settings')
  await page.getByLabel('Theme').selectOption('Dark')
  await expect(root).toHaveAttribute('data-bs-theme', 'dark')
  await page.getByLabel('Language').selectOption('Deutsch')
  await expect(page.getByRole('dialog', { name: 'Einstellungen' })).toBeVisible()
  await expect(root).toHaveAttribute('lang', 'de')
  await page.reload()
  await expect(root).toHaveAttribute('data-bs-theme', 'dark')
  await expect(page.locator('.day')).toHaveText('Heute')
  await expect(item(page, 'one').locator('.row time')).toHaveText('jetzt')
})

test('the theme follows the system, at once', async ({ page, hub }) => {
  await page.emulateMedia({ colorScheme: 'dark' })
  await openLive(page, hub.url)
  await expect(page.locator('html')).toHaveAttribute('data-bs-theme', 'dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await expect(page.locator('html')).toHaveAttribute('data-bs-theme', 'light')
})

test.describe('a German browser', () => {
  test.use({ locale: 'de-DE' })
  test('gets the German page', async ({ page, hub }) => {
    await openLive(page, hub.url)
    await expect(page.getByText('Noch keine Benachrichtigungen')).toBeVisible()
  })
})

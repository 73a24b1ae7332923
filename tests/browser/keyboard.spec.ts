// Everything without a mouse.
import type { Page } from '@playwright/test'
import { chooseInMenu, expect, item, items, needs, openLive, test, toasts } from './support/test'

const focused = (page: Page, text: string) => item(page, text).locator('.row-open')

test.beforeEach(async ({ page, hub }) => {
  for (const text of ['first', 'second', 'third']) await hub.publish(text)
  await openLive(page, hub.url)
  await expect(items(page)).toHaveCount(3)
})

test('j and k move, x deletes and goes on, u takes it back', async ({ page }) => {
  await page.keyboard.press('j')
  await expect(focused(page, 'third')).toBeFocused()
  await page.keyboard.press('j')
  await expect(focused(page, 'second')).toBeFocused()
  await page.keyboard.press('k')
  await expect(focused(page, 'third')).toBeFocused()
  await page.keyboard.press('k')
  await expect(focused(page, 'third')).toBeFocused()
  await page.keyboard.press('x')
  await expect(items(page)).toHaveCount(2)
  await expect(focused(page, 'second')).toBeFocused()
  await page.keyboard.press('x')
  await expect(focused(page, 'first')).toBeFocused()
  await page.keyboard.press('u')
  await expect(items(page)).toHaveCount(3)
  await expect(toasts(page)).not.toContainText('deleted')
})

test('a held x deletes one and not all', async ({ page }) => {
  await page.keyboard.press('j')
  await page.keyboard.down('x')
  for (let count = 0; count < 5; count++) await page.keyboard.down('x')
  await page.keyboard.up('x')
  await expect(items(page)).toHaveCount(2)
})

test('n goes to who waits, h puts off, e settles, Enter opens', async ({ page, hub }) => {
  for (const message of ['older question', 'newer question']) {
    await hub.publish({ message, state: 'waiting' })
  }
  await expect(needs(page)).toHaveCount(2)
  await page.keyboard.press('n')
  const older = needs(page).filter({ hasText: 'older question' })
  await expect(older.locator('.row-open')).toBeFocused()
  await page.keyboard.press('h')
  await expect(needs(page)).toHaveCount(1)
  await expect(item(page, 'older question').locator('time')).toHaveText(/^until/)
  await page.keyboard.press('n')
  await page.keyboard.press('e')
  await expect(needs(page)).toHaveCount(0)
  const [newest] = await hub.list()
  expect(newest).toHaveProperty('resolved_at')
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await expect(page.locator('.card-detail')).toHaveCount(1)
  await page.keyboard.press('Enter')
  await expect(page.locator('.card-detail')).toHaveCount(0)
})

test('numbers choose a view', async ({ page, hub }) => {
  await hub.publish({ message: 'broken', state: 'failed', source: 'shop' })
  await expect(item(page, 'broken')).toBeVisible()
  await page.keyboard.press('3')
  await expect(items(page)).toHaveCount(1)
  await expect(page).toHaveURL(/view=failed/)
  await page.keyboard.press('1')
  await expect(items(page)).toHaveCount(4)
})

test('p picks a project: arrows and first letters, Enter goes there, Escape goes back', async ({
  page,
  hub,
}) => {
  for (const source of ['shop', 'search', 'my blog']) await hub.publish({ message: source, source })
  await expect(items(page)).toHaveCount(6)
  await page.keyboard.press('j')
  await page.keyboard.press('p')
  const picker = page.getByRole('listbox', { name: 'Projects' })
  const active = picker.locator('.is-active')
  await expect(picker).toBeFocused()
  await expect(picker.getByRole('option')).toHaveText([/All projects/, /my blog/, /search/, /shop/])
  await expect(picker.getByRole('option', { selected: true })).toHaveText(/All projects/)
  await page.keyboard.press('ArrowDown')
  await expect(active).toHaveText(/my blog/)
  await page.keyboard.press('End')
  await expect(active).toHaveText(/shop/)
  // With a blank in it, which would else choose.
  await page.keyboard.type('my b')
  await expect(active).toHaveText(/my blog/)
  const id = await active.getAttribute('id')
  await expect(picker).toHaveAttribute('aria-activedescendant', id!)
  await page.keyboard.press('Escape')
  await expect(picker).toHaveCount(0)
  await expect(focused(page, 'my blog')).toBeFocused()
  await expect(page).toHaveURL(hub.url)

  await page.keyboard.press('p')
  await page.keyboard.type('se')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/q=project%3Asearch/)
  await expect(items(page)).toHaveCount(1)
  await page.keyboard.press('p')
  await expect(picker.getByRole('option', { selected: true })).toHaveText(/search/)
  await page.keyboard.press('Home')
  await page.keyboard.press('Enter')
  await expect(items(page)).toHaveCount(6)
})

test('a view is kept by a name, reached by key and rail, and forgotten', async ({ page, hub }) => {
  await page.setViewportSize({ width: 1200, height: 800 })
  await hub.publish({ message: 'broken', state: 'failed', source: 'shop' })
  await page.keyboard.press('3')
  await expect(items(page)).toHaveCount(1)
  await chooseInMenu(page, 'Save this view…')
  const name = page.getByRole('textbox', { name: 'Name' })
  await expect(name).toBeFocused()
  await expect(name).toHaveValue('Failed')
  await name.fill('What is red')
  await page.keyboard.press('Enter')
  const saved = page.getByRole('navigation').getByRole('button', { name: 'What is red' })
  await expect(saved).toHaveAttribute('aria-current', 'page')
  await page.keyboard.press('1')
  await expect(items(page)).toHaveCount(4)
  await page.keyboard.press('5')
  await expect(page).toHaveURL(/view=failed/)
  await expect(items(page)).toHaveCount(1)
  await page.reload()
  await expect(saved).toHaveAttribute('aria-current', 'page')
  await page.keyboard.press('1')
  await saved.click()
  await expect(items(page)).toHaveCount(1)
  await chooseInMenu(page, 'Forget this view')
  await expect(saved).toHaveCount(0)
  await page.keyboard.press('1')
  await page.keyboard.press('5')
  await expect(items(page)).toHaveCount(4)
})

test('j walks on through a list longer than the screen, and the focus outlives arrivals', async ({
  page,
  hub,
}) => {
  await hub.publishMany(60, (index) => `more ${index}.`)
  await expect(item(page, 'more 59.')).toBeVisible()
  for (let index = 59; index >= 25; index--) {
    await page.keyboard.press('j')
    await expect(focused(page, `more ${index}.`)).toBeFocused()
  }
  await expect(item(page, 'more 25.')).toBeInViewport({ ratio: 1 })
  await hub.publishMany(25, (index) => `arrival ${index}.`)
  await expect(page.getByRole('button', { name: '25 new' })).toBeVisible()
  await expect(focused(page, 'more 25.')).toBeFocused()
})

test('/ searches, arrow down goes into the hits, Escape leaves, letters there do nothing else', async ({
  page,
}) => {
  await page.keyboard.press('/')
  const search = page.getByRole('searchbox', { name: 'Search' })
  await expect(search).toBeFocused()
  await page.keyboard.type('jkxm?')
  await expect(search).toHaveValue('jkxm?')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(page.getByText('Nothing found')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(search).toHaveValue('')
  await page.keyboard.type('second')
  await expect(items(page)).toHaveCount(1)
  await page.keyboard.press('ArrowDown')
  await expect(focused(page, 'second')).toBeFocused()
  await page.keyboard.press('/')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await expect(search).not.toBeFocused()
  await expect(items(page)).toHaveCount(3)
})

test('M mutes, ? helps, Escape closes and gives the focus back', async ({ page }) => {
  const mute = page.getByRole('button', { name: 'Mute sounds' })
  await page.keyboard.press('M')
  await expect(mute).toHaveAttribute('aria-pressed', 'true')
  await page.keyboard.press('M')
  await expect(mute).toHaveAttribute('aria-pressed', 'false')
  await page.keyboard.press('j')
  await page.keyboard.press('?')
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await expect(help).toContainText('Next notification')
  await page.keyboard.press('M')
  await expect(mute).toHaveAttribute('aria-pressed', 'false')
  await page.keyboard.press('Escape')
  await expect(help).toBeHidden()
  await expect(focused(page, 'third')).toBeFocused()
})

test('single keys can be switched off', async ({ page }) => {
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Settings' }).click()
  await page.getByRole('switch', { name: 'Single-key shortcuts' }).uncheck()
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.keyboard.press('M')
  await expect(page.getByRole('button', { name: 'Mute sounds' })).toHaveAttribute(
    'aria-pressed',
    'false',
  )
  await expect(page.getByRole('dialog')).toHaveCount(0)
})

test('the tab key reaches everything: a way past the bar, and one stop for the list', async ({
  page,
}) => {
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the notifications' })).toBeFocused()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('searchbox', { name: 'Search' })).toBeFocused()
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  await expect(focused(page, 'third')).toBeFocused()
  await page.keyboard.press('Tab')
  await expect(page.locator('article.row-box :focus')).toHaveCount(0)
  await focused(page, 'third').press('Enter')
  await page.keyboard.press('Tab')
  await expect(item(page, 'third').getByRole('button', { name: 'Copy' }).last()).toBeFocused()
})

test('the tab key reaches the menu of a project, arrows everything in it', async ({
  page,
  hub,
}) => {
  await page.setViewportSize({ width: 1200, height: 800 })
  await hub.publish({ message: 'sold', source: 'shop' })
  const project = page.getByRole('navigation').getByRole('button', { name: 'shop', exact: true })
  await project.focus()
  await page.keyboard.press('Tab')
  const menu = page.getByRole('button', { name: 'More about shop' })
  await expect(menu).toBeFocused()
  await expect(menu).toBeInViewport()
  await page.keyboard.press('Enter')
  const entries = page.getByRole('menu').locator('[role^="menuitem"]')
  // Show only, two ways to be quiet, and the colours.
  await expect(entries).toHaveCount(3 + 12)
  for (const entry of await entries.all()) {
    await expect(entry).toBeFocused()
    await page.keyboard.press('ArrowDown')
  }
  await expect(entries.first()).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(menu).toBeFocused()
  await expect(page.getByRole('button', { name: 'shop muted' })).toBeVisible()
})

test('on the wall the tab key reaches the way back', async ({ page }) => {
  await page.keyboard.press('w')
  await expect(page.locator('.wall')).toBeVisible()
  await page.keyboard.press('Tab')
  const leave = page.getByRole('button', { name: 'Leave wall mode' })
  await expect(leave).toBeFocused()
  await expect(leave).toHaveCSS('opacity', '1')
  await page.keyboard.press('Enter')
  await expect(page.locator('.wall')).toHaveCount(0)
})

test('the tab key goes round in the settings, and reaches each of them', async ({ page }) => {
  await chooseInMenu(page, 'Settings')
  const dialog = page.getByRole('dialog')
  const wanted = dialog.locator('button, input, select, summary')
  const count = await wanted.count()
  expect(count).toBeGreaterThan(20)
  const reached = new Set<string>()
  for (let step = 0; step < count + 5; step++) {
    await page.keyboard.press('Tab')
    reached.add(
      await page.evaluate(() => {
        const all = document.querySelectorAll('dialog :is(button, input, select, summary)')
        return String([...all].indexOf(document.activeElement!))
      }),
    )
  }
  const missed = (await wanted.all()).filter((_, index) => !reached.has(String(index)))
  const names = await Promise.all(missed.map((one) => one.evaluate((its) => its.outerHTML)))
  // Of radio buttons, arrows reach the others.
  expect(
    names.filter((html) => !html.includes('type="radio"') && !html.includes('disabled')),
  ).toEqual([])
})

test('arrows move in the menu, Escape closes it', async ({ page }) => {
  const more = page.getByRole('button', { name: 'More', exact: true })
  await more.press('Enter')
  await expect(page.getByRole('menuitem').first()).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('menuitem').nth(1)).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(more).toBeFocused()
  await expect(page.getByRole('menu')).toHaveCount(0)
})

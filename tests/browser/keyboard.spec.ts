// Everything without a mouse.
import { expect, item, items, openLive, test, toasts } from './support/test'

test.beforeEach(async ({ page, hub }) => {
  for (const text of ['first', 'second', 'third']) await hub.publish(text)
  await openLive(page, hub.url)
  await expect(items(page)).toHaveCount(3)
})

test('j and k move, x deletes and goes on, u takes it back', async ({ page }) => {
  await page.keyboard.press('j')
  await expect(item(page, 'third')).toBeFocused()
  await page.keyboard.press('j')
  await expect(item(page, 'second')).toBeFocused()
  await page.keyboard.press('k')
  await expect(item(page, 'third')).toBeFocused()
  await page.keyboard.press('k')
  await expect(item(page, 'third')).toBeFocused()
  await page.keyboard.press('x')
  await expect(items(page)).toHaveCount(2)
  await expect(item(page, 'second')).toBeFocused()
  await page.keyboard.press('x')
  await expect(item(page, 'first')).toBeFocused()
  await page.keyboard.press('u')
  await expect(items(page)).toHaveCount(3)
  await expect(toasts(page)).not.toContainText('deleted')
})

test('j walks on through a list longer than the screen', async ({ page, hub }) => {
  await hub.publishMany(40, (index) => `more ${index}.`)
  await expect(item(page, 'more 39.')).toBeVisible()
  for (let index = 39; index >= 15; index--) {
    await page.keyboard.press('j')
    await expect(item(page, `more ${index}.`)).toBeFocused()
  }
  await expect(item(page, 'more 15.')).toBeInViewport({ ratio: 1 })
})

test('/ searches, Escape leaves, and letters typed there do nothing else', async ({ page }) => {
  await page.keyboard.press('/')
  const search = page.getByRole('searchbox', { name: 'Search' })
  await expect(search).toBeFocused()
  await page.keyboard.type('jkxm?')
  await expect(search).toHaveValue('jkxm?')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(page.getByText('Nothing found')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(search).toHaveValue('')
  await page.keyboard.press('Escape')
  await expect(search).not.toBeFocused()
  await expect(items(page)).toHaveCount(3)
})

test('m mutes, ? helps, Escape closes', async ({ page }) => {
  const mute = page.getByRole('button', { name: 'Mute sounds' })
  await page.keyboard.press('m')
  await expect(mute).toHaveAttribute('aria-pressed', 'true')
  await page.keyboard.press('m')
  await expect(mute).toHaveAttribute('aria-pressed', 'false')
  await page.keyboard.press('?')
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await expect(help).toContainText('Next notification')
  await page.keyboard.press('m')
  await expect(mute).toHaveAttribute('aria-pressed', 'false')
  await page.keyboard.press('Escape')
  await expect(help).toBeHidden()
})

test('single keys can be switched off', async ({ page }) => {
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('switch', { name: 'Single-key shortcuts' }).uncheck()
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.keyboard.press('m')
  await expect(page.getByRole('button', { name: 'Mute sounds' })).toHaveAttribute(
    'aria-pressed',
    'false',
  )
  await expect(page.getByRole('dialog')).toHaveCount(0)
})

test('the tab key reaches everything, and a way past the bar', async ({ page }) => {
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the notifications' })).toBeFocused()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  await expect(page.getByRole('searchbox', { name: 'Search' })).toBeFocused()
  await item(page, 'third').focus()
  await page.keyboard.press('Tab')
  await expect(item(page, 'third').getByRole('button', { name: 'Copy' })).toBeFocused()
  await expect(item(page, 'third').getByRole('button', { name: 'Delete' })).toBeVisible()
})

// How the hub is, in the settings: the numbers of `/api/status`, kept up to date while one looks.
import { chooseInMenu, expect, openLive, test } from './support/test'

test('the settings show readers, rate, latency and store, and keep them up to date', async ({
  page,
  hub,
}) => {
  await openLive(page, hub.url)
  await hub.publish('x')
  await chooseInMenu(page, 'Settings')
  const section = page.getByRole('dialog').locator('section', { hasText: 'The hub' })
  const value = (name: string) => section.locator(`dt:text-is("${name}") + dd`)
  await expect(value('Readers')).toHaveText('1')
  await expect(value('Store')).toContainText('1 notification, ')
  await expect(value('Last minute')).toContainText('deliveries a second')
  await expect(value('Delivered within')).toContainText(/^[\d.]+ ms \(half\), [\d.]+ ms/)
  await expect(value('Running since')).toContainText(String(new Date().getFullYear()))
  await hub.publish('y')
  await expect(value('Store')).toContainText('2 notifications', { timeout: 10_000 })
  await hub.stop()
  await expect(section).toContainText('The hub does not answer.', { timeout: 15_000 })
})

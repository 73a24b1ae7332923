// Notifications that change in place, and the read mark that all devices share.
import { expect, item, openLive, test } from './support/test'

test('a revision takes the place of what it revises', async ({ page, hub }) => {
  const first = await hub.publish('first')
  await hub.publish('second')
  await openLive(page, hub.url)
  const answer = await fetch(`${hub.url}api/notifications/${first.id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resolved: true }),
  })
  expect(answer.status).toBe(200)
  await hub.publish('third')
  await expect(item(page, 'third')).toBeVisible()
  await expect(item(page, 'first')).toHaveCount(1)
})

test('what is seen on one device is read on all', async ({ page, hub, browser }) => {
  await openLive(page, hub.url)
  const newest = await hub.publish('seen')
  await expect(item(page, 'seen')).toBeVisible()
  const status = async () =>
    (await (await fetch(`${hub.url}api/status`)).json()) as { read_through?: string }
  await expect.poll(async () => (await status()).read_through).toBe(newest.id)
  const other = await browser.newContext()
  await openLive(await other.newPage(), hub.url)
  expect((await status()).read_through).toBe(newest.id)
  await other.close()
})

// The list itself: what is in it, in which order, and that it follows the hub in every tab.
import { badge, expect, items, openLive, openRow, test, titles } from './support/test'

test('an empty hub says so, with the commands for this very address', async ({ page, hub }) => {
  await openLive(page, hub.url)
  await expect(page.getByRole('heading', { name: 'No notifications yet' })).toBeVisible()
  await expect(page.getByText(`notifyhub-push --port ${hub.port} "Build finished"`)).toBeVisible()
  await expect(page.getByText(`curl ${hub.url}api/notifications`)).toBeVisible()
})

test('the list is there while the host of the stream is still starting', async ({ page, hub }) => {
  await page.addInitScript(() => {
    window.SharedWorker = class extends EventTarget {
      port = new MessageChannel().port1
    } as unknown as typeof SharedWorker
  })
  const { id } = await hub.publish('read before')
  await fetch(`${hub.url}api/read`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ through: id }),
  })
  await hub.publish('unread')
  await page.goto(hub.url)
  await expect(titles(page)).toHaveText(['unread', 'read before'])
  await expect(badge(page)).toHaveAttribute('data-state', 'connecting')
  await expect(page.locator('.row.read')).toHaveCount(1)
})

test('stored notifications are listed newest first, and new ones come in on top', async ({
  page,
  hub,
}) => {
  await hub.publish('first')
  await hub.publish('second')
  await openLive(page, hub.url)
  await expect(titles(page)).toHaveText(['second', 'first'])
  await hub.publish('third')
  await expect(titles(page)).toHaveText(['third', 'second', 'first'])
})

test('deletions and clears show in every tab', async ({ context, hub }) => {
  const { id } = await hub.publish('one')
  await hub.publish('two')
  const tabs = await Promise.all([context.newPage(), context.newPage()])
  for (const tab of tabs) {
    await openLive(tab, hub.url)
    await expect(items(tab)).toHaveCount(2)
  }
  await hub.remove(id)
  for (const tab of tabs) await expect(titles(tab)).toHaveText(['two'])
  await hub.clear()
  for (const tab of tabs) await expect(tab.getByText('No notifications yet')).toBeVisible()
})

test('a reload resumes where the page was, and misses nothing', async ({ page, hub, gateway }) => {
  await hub.publish('before')
  await openLive(page, gateway.url)
  await expect(items(page)).toHaveCount(1)
  // Away from the page, so that the shared worker with all that it knows has ended.
  await page.goto('about:blank')
  await expect.poll(() => gateway.openStreams).toBe(0)
  await hub.publish('meanwhile')
  await openLive(page, gateway.url)
  await expect(titles(page)).toHaveText(['meanwhile', 'before'])
  expect(gateway.streamQueries.at(-1)!.get('last_event_id')).toMatch(/^\w+-1$/)
})

test('what a notification can have is shown', async ({ page, hub }) => {
  await hub.publish({
    title: 'Deploy 2.14',
    message: 'line one\nline two at https://deploy.example/run?a=1.',
    level: 'success',
    tags: ['api', 'prod'],
    link: 'https://ci.example/8812',
    source: 'shop',
    actor: 'ci',
  })
  await openLive(page, hub.url)
  const shown = await openRow(page, 'Deploy 2.14')
  await expect(shown).toHaveAttribute('data-state', 'done')
  await expect(shown.locator('.src')).toHaveText(/shop\s*·\s*ci/)
  await expect(shown.locator('.row-gist')).toHaveText('line one')
  expect(await shown.locator('.message-prose').innerText()).toContain('one\nline')
  await expect(shown.getByRole('link', { name: 'https://deploy.example/run?a=1' })).toHaveAttribute(
    'href',
    'https://deploy.example/run?a=1',
  )
  const link = shown.locator('.card-buttons').getByRole('link', { name: 'Open ci.example' })
  await expect(link).toHaveAttribute('href', 'https://ci.example/8812')
  await expect(link).toHaveAttribute('rel', 'noopener noreferrer')
  await expect(shown.getByRole('button', { name: 'prod' })).toBeVisible()
  await expect(shown.locator('.row time')).toHaveText('now')
  await expect(shown.locator('.card-meta time')).toHaveText(/20\d\d.*:\d\d:\d\d/)
})

// HTTPS: over HTTP/2 one connection of the browser carries the streams of all tabs, where six are the most of HTTP/1.1.
import { Hub } from './support/hub'
import { expect, expectLive, test, withoutBroadcasts, withoutSharedWorker } from './support/test'

test.use({ ignoreHTTPSErrors: true })

test('ten tabs, each with a stream of its own, share one connection', async ({ context }) => {
  const hub = await Hub.start('--tls-self-signed', '--store', 'memory')
  try {
    const pages = []
    for (let index = 0; index < 10; index++) {
      const page = await context.newPage()
      await withoutSharedWorker(page)
      await withoutBroadcasts(page)
      await page.goto(hub.url)
      await expectLive(page)
      pages.push(page)
    }
    const accepted = async () => {
      const metrics = await (await context.request.get(`${hub.url}metrics`)).text()
      return Number(/^notifyhub_connections_accepted_total (\d+)/m.exec(metrics)![1])
    }
    const before = await accepted()
    const posted = await context.request.post(`${hub.url}api/notifications`, {
      data: { message: 'to all tabs' },
    })
    expect(posted.status()).toBe(201)
    for (const page of pages) await expect(page.getByText('to all tabs').first()).toBeVisible()
    // The browser's own, and what the test itself asks over HTTP/1.1.
    expect(before).toBeLessThan(6)
  } finally {
    await hub.stop()
  }
})

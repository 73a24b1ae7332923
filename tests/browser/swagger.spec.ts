// Swagger UI at /docs: what people see who explore the API, and that "Try it out" really posts.
import { get, type IncomingHttpHeaders } from 'node:http'
import { gunzipSync } from 'node:zlib'
import type { Page } from '@playwright/test'
import { expect, test } from './support/test'
import { Gateway } from './support/gateway'
import { Hub } from './support/hub'

async function open(page: Page, docs: string): Promise<void> {
  await page.goto(docs)
  await expect(page.getByText('One self-hosted feed of notifications')).toBeVisible()
}

/** Posts, and expects this status. */
async function postByTryItOut(page: Page, message: string, status = '201'): Promise<void> {
  const operation = page.locator('.opblock-post').filter({ hasText: 'Post a notification' }).first()
  await operation.locator('.opblock-summary-control').click()
  await operation.getByRole('button', { name: 'Try it out' }).click()
  await operation.locator('textarea.body-param__text').fill(JSON.stringify({ message }))
  await operation.getByRole('button', { name: 'Execute' }).click()
  await expect(
    operation.locator('.live-responses-table .response-col_status').last(),
  ).toContainText(status)
}

test('a notification can be posted by "Try it out"', async ({ page, hub }) => {
  await open(page, `${hub.url}docs`)
  await postByTryItOut(page, 'Posted from Swagger UI')
  expect((await hub.list()).map((notification) => notification.message)).toEqual([
    'Posted from Swagger UI',
  ])
})

test('it works under a sub-path too', async ({ page, hub }) => {
  const gateway = await Gateway.start(hub, '/tools/hub/')
  try {
    await open(page, `${gateway.url}docs`)
    await postByTryItOut(page, 'Posted through a proxy')
    expect((await hub.list()).map((notification) => notification.message)).toEqual([
      'Posted through a proxy',
    ])
  } finally {
    await gateway.stop()
  }
})

test('a publish token that is given once goes with each call', async ({ page }) => {
  const token = '0123456789abcdef'
  const hub = await Hub.start('--publish-token', token)
  try {
    await open(page, `${hub.url}docs`)
    await page.getByRole('button', { name: 'Authorize' }).first().click()
    const dialog = page.locator('.dialog-ux')
    await dialog.locator('input').fill(token)
    await dialog.getByRole('button', { name: 'Apply credentials' }).click()
    await dialog.getByRole('button', { name: 'Close' }).click()
    await postByTryItOut(page, 'Posted with a token')
    expect((await hub.list()).map((notification) => notification.message)).toEqual([
      'Posted with a token',
    ])
  } finally {
    await hub.stop()
  }
})

test('without the publish token nothing is posted', async ({ page }) => {
  const hub = await Hub.start('--publish-token', '0123456789abcdef')
  try {
    await open(page, `${hub.url}docs`)
    await postByTryItOut(page, 'Posted without a token', '401')
    expect(await hub.list()).toEqual([])
  } finally {
    await hub.stop()
  }
})

/** As it is sent: Node's fetch would unpack it. */
const raw = (url: string, headers: Record<string, string> = {}) =>
  new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
    get(url, { headers }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => {
        const { statusCode = 0, headers } = answer
        resolve({ status: statusCode, headers, body: Buffer.concat(chunks) })
      })
    }).on('error', reject)
  })

test('it is small on its way, kept by the browser, and evaluates nothing', async ({ hub }) => {
  const page = await raw(`${hub.url}docs`)
  expect(page.body.length).toBeLessThan(2_000)
  expect(page.headers['content-security-policy']).toContain("script-src 'self';")
  expect(page.headers['content-security-policy']).not.toContain('eval')
  const etag = String(page.headers.etag)
  expect((await raw(`${hub.url}docs`, { 'if-none-match': etag })).status).toBe(304)
  const names = [...page.body.toString().matchAll(/\.\/(docs\/[^"]+)/g)].map(([, name]) => name)
  expect(names).toHaveLength(4)
  let sum = 0
  for (const name of names) {
    const plain = await raw(hub.url + name)
    const packed = await raw(hub.url + name, { 'accept-encoding': 'gzip, br' })
    expect(packed.headers['cache-control']).toContain('immutable')
    expect(packed.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true)
    sum += packed.body.length
  }
  expect(sum).toBeLessThan(450 * 1024)
  expect((await raw(`${hub.url}docs/swagger-ui.js`)).status).toBe(404)
})

test('a stream cannot be tried in a form: there is the line for a terminal instead', async ({
  page,
  hub,
}) => {
  await open(page, `${hub.url}docs`)
  const stream = page.locator('.opblock', { has: page.locator('[data-path="/events"]') })
  await stream.locator('.opblock-summary-control').click()
  await expect(stream).toContainText(`curl -N ${hub.url}events`)
  await expect(stream.locator('.responses-wrapper')).toBeVisible()
  await expect(stream.getByRole('button', { name: 'Try it out' })).toHaveCount(0)
})

test('page and documentation lead to each other', async ({ page, hub }) => {
  await page.goto(`${hub.url}docs`)
  await page.getByRole('link', { name: '← NotifyHub' }).click()
  await expect(page).toHaveURL(hub.url)
  await page.getByRole('button', { name: 'More', exact: true }).click()
  const entry = page.getByRole('menuitem', { name: 'API documentation' })
  const [docs] = await Promise.all([page.waitForEvent('popup'), entry.click()])
  await expect(docs).toHaveURL(`${hub.url}docs`)
})

test('it is dark with the system', async ({ page, hub }) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await page.emulateMedia({ colorScheme: 'dark' })
  await open(page, `${hub.url}docs`)
  expect(await ground()).toBe('rgb(22, 25, 32)')
  await expect(page.locator('.swagger-ui').first()).toHaveCSS('filter', /invert/)
  await page.emulateMedia({ colorScheme: 'light' })
  expect(await ground()).toBe('rgb(255, 255, 255)')
})

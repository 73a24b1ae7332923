// Swagger UI at /docs: what people see who explore the API, and that "Try it out" really posts.
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

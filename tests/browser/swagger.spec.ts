// Swagger UI at /docs: what people see who explore the API, and that "Try it out" really posts.
import type { Page } from '@playwright/test'
import { expect, test } from './support/test'
import { Gateway } from './support/gateway'

async function postByTryItOut(page: Page, docs: string, message: string): Promise<void> {
  await page.goto(docs)
  await expect(page.getByText('One self-hosted feed of notifications')).toBeVisible()
  const operation = page.locator('.opblock-post').filter({ hasText: 'Post a notification' }).first()
  await operation.locator('.opblock-summary-control').click()
  await operation.getByRole('button', { name: 'Try it out' }).click()
  await operation.locator('textarea.body-param__text').fill(JSON.stringify({ message }))
  await operation.getByRole('button', { name: 'Execute' }).click()
  await expect(
    operation.locator('.live-responses-table .response-col_status').last(),
  ).toContainText('201')
}

test('a notification can be posted by "Try it out"', async ({ page, hub }) => {
  await postByTryItOut(page, `${hub.url}docs`, 'Posted from Swagger UI')
  expect((await hub.list()).map((notification) => notification.message)).toEqual([
    'Posted from Swagger UI',
  ])
})

test('it works under a sub-path too', async ({ page, hub }) => {
  const gateway = await Gateway.start(hub, '/tools/hub/')
  try {
    await postByTryItOut(page, `${gateway.url}docs`, 'Posted through a proxy')
    expect((await hub.list()).map((notification) => notification.message)).toEqual([
      'Posted through a proxy',
    ])
  } finally {
    await gateway.stop()
  }
})

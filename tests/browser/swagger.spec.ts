// Swagger UI at /docs: what people see who explore the API, and that "Try it out" really posts.
import { expect, test } from './support/test'

test('a notification can be posted by "Try it out"', async ({ page, hub }) => {
  await page.goto(`${hub.url}docs`)
  await expect(page.getByText('One self-hosted feed of notifications')).toBeVisible()
  const operation = page.locator('.opblock-post').filter({ hasText: 'Post a notification' }).first()
  await operation.locator('.opblock-summary-control').click()
  await operation.getByRole('button', { name: 'Try it out' }).click()
  await operation.locator('textarea.body-param__text').fill('{"message":"Posted from Swagger UI"}')
  await operation.getByRole('button', { name: 'Execute' }).click()
  await expect(operation.locator('.live-responses-table .response-col_status').last()).toContainText('201')
  const stored = await hub.list()
  expect(stored.map((notification) => notification.message)).toEqual(['Posted from Swagger UI'])
})

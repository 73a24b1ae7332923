// One list of behaviours in three engines. Playwright runs the tests and drives Chromium; the others are driven by the
// protocols that they speak by themselves.
import { defineConfig } from '@playwright/test'
import { engineNames, missingFor } from './engines'
import type { Options } from './test'

for (const name of engineNames) {
  const missing = missingFor(name).join(', ')
  const isRunner = process.env.TEST_WORKER_INDEX === undefined
  if (missing && isRunner) console.warn(`NOT TESTED: ${name}, for want of ${missing}`)
}

export default defineConfig<Options>({
  testDir: '.',
  projects: engineNames.map((engineName) => ({ name: engineName, use: { engineName } })),
  // Each engine is started once. They mostly wait: three at a time are not too many for two cores.
  workers: 3,
  retries: 0,
  timeout: 45_000,
  expect: { timeout: 10_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
})

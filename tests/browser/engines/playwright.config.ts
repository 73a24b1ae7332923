// One list of behaviours in three engines. Playwright runs the tests and drives Chromium; the others are driven by the
// protocols that they speak by themselves.
import { defineConfig } from '@playwright/test'
import { engineNames, missingFor } from './engines'
import type { Options } from './test'

// An engine that is not there is no engine that passed: who cannot have it says which ones to test.
const chosen = process.env.ENGINES?.split(',') ?? engineNames
const engines = engineNames.filter((name) => chosen.includes(name))
for (const name of engines) {
  const missing = missingFor(name).join(', ')
  if (missing) {
    throw new Error(
      `${name} cannot be tested for want of ${missing}: install it, or name those that are here, as ENGINES=chromium`,
    )
  }
}

export default defineConfig<Options>({
  testDir: '.',
  projects: engines.map((engineName) => ({ name: engineName, use: { engineName } })),
  // Each engine is started once. They mostly wait: three at a time are not too many for two cores.
  workers: 3,
  retries: 0,
  timeout: 45_000,
  expect: { timeout: 10_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
})

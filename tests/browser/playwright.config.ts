// How the browser tests run: the system's Chromium (or the one in CHROMIUM), against real servers that
// each test starts for itself. No retries: a test that fails now and then has found something.
import { defineConfig } from '@playwright/test'
import { chromiumOptions } from './support/chromium'

export default defineConfig({
  testDir: '.',
  // On request only: pictures of the page (npm run screenshots), and its figures (npm run measure). The other engines
  // are run by engines/.
  testIgnore: [
    'three-engines.spec.ts',
    ...(process.env.SCREENSHOTS ? [] : ['screenshots.spec.ts']),
    ...(process.env.MEASURE ? [] : ['measure.spec.ts']),
  ],
  fullyParallel: true,
  // Each test has a hub and a browser context of its own.
  workers: 2,
  retries: 0,
  projects: [
    { name: 'page', grepInvert: /@alone/ },
    // What is measured in milliseconds, runs a clock faster than its worker's, or counts the rings of several tabs within
    // parts of a second, must not share the machine with other browsers.
    { name: 'measured', grep: /@alone/, workers: 1, dependencies: ['page'] },
  ],
  timeout: 30_000,
  expect: { timeout: 8_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    locale: 'en-US',
    viewport: { width: 1000, height: 800 },
    actionTimeout: 8_000,
    launchOptions: chromiumOptions,
  },
})

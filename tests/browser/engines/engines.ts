// The three engines: how each is started, what it needs on this machine, and what it cannot do here.
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromiumOptions } from '../support/chromium'
import { startChromium } from './chromium'
import { firefoxProgram, startFirefox } from './firefox'
import type { Engine } from './tab'
import { miniBrowserProgram, startWebkit } from './webkit'

export const engineNames = ['chromium', 'firefox', 'webkit'] as const
export type EngineName = (typeof engineNames)[number]

export const startEngine: Record<EngineName, () => Promise<Engine>> = {
  chromium: startChromium,
  firefox: startFirefox,
  webkit: startWebkit,
}

const programs: Record<EngineName, string[]> = {
  chromium: [chromiumOptions.executablePath],
  firefox: [firefoxProgram, 'pulseaudio'],
  webkit: [miniBrowserProgram, 'WebKitWebDriver', 'Xvfb', 'pulseaudio'],
}

/** What it needs and is not on this machine. */
export const missingFor = (name: EngineName): string[] =>
  programs[name].filter((program) => !isInstalled(program))

function isInstalled(program: string): boolean {
  if (program.includes('/')) return existsSync(program)
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

// The commands of the empty page, for every kind of address.
import { describe, expect, it } from 'vitest'
import { recipeNames, recipes } from './send-commands'

const shell = (url: string) => recipes(url, 'Hi')[0]!.commands
const push = (url: string) => shell(url)[0]!.command
const curl = (url: string) => shell(url)[1]!.command

describe('recipes', () => {
  it('needs only the port on this machine', () => {
    expect(push('http://localhost:9080/')).toBe('notifyhub-push --port 9080 "Hi"')
    expect(push('http://127.0.0.1/')).toBe('notifyhub-push --port 80 "Hi"')
  })

  it('names the whole address from elsewhere and behind a proxy', () => {
    expect(push('https://hub.example/team/')).toBe(
      'notifyhub-push --url https://hub.example/team "Hi"',
    )
    expect(curl('https://hub.example/team/')).toContain(
      'curl https://hub.example/team/api/notifications',
    )
  })

  it('are there for every tool, with this very address', () => {
    const all = recipes('https://hub.example/team/', 'Hi')
    expect(all.map(({ name }) => name)).toEqual([...recipeNames])
    for (const { commands } of all) {
      for (const { command } of commands) expect(command).toContain('https://hub.example/team')
    }
  })

  it('are valid JSON where JSON is asked for', () => {
    const claude = recipes('http://localhost:9080/', 'Hi')[1]!.commands[0]!.command
    const { hooks } = JSON.parse(claude) as {
      hooks: Record<string, { matcher?: string; hooks: { url: string }[] }[]>
    }
    expect(hooks.Stop![0]!.hooks[0]!.url).toBe('http://localhost:9080/hooks/claude-code')
    expect(hooks.PreToolUse![0]!.matcher).toContain('AskUserQuestion')
  })

  it('install hooks by a program that knows the usual address', () => {
    const install = (url: string) => recipes(url, 'Hi')[1]!.commands[1]!.command
    expect(install('http://localhost:9080/')).toBe('notifyhub hook install claude-code')
    expect(install('https://hub.example/team/')).toBe(
      'export NOTIFYHUB_URL=https://hub.example/team\nnotifyhub hook install claude-code',
    )
  })
})

// The commands of the empty page, for every kind of address.
import { describe, expect, it } from 'vitest'
import { sendCommands } from './send-commands'

const push = (url: string) => sendCommands(url, 'Hi')[0]!.command
const curl = (url: string) => sendCommands(url, 'Hi')[1]!.command

describe('sendCommands', () => {
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
})

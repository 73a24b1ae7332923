// The shell commands that send a first notification to the hub this page came from.

export function sendCommands(baseUrl: string, text: string): { name: string; command: string }[] {
  const url = new URL(baseUrl)
  const address = url.href.replace(/\/$/, '')
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  const isPlain = url.protocol === 'http:' && url.pathname === '/'
  // The port alone is what one remembers; from another machine, or behind a proxy, it takes the address.
  const target = isLocal && isPlain ? `--port ${url.port || '80'}` : `--url ${address}`
  return [
    { name: 'notifyhub-push', command: `notifyhub-push ${target} "${text}"` },
    {
      name: 'curl',
      command: `curl ${address}/api/notifications \\\n  --json '{"message": "${text}"}'`,
    },
  ]
}

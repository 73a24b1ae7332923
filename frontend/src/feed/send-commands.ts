// The lines that send a first notification to the hub this page came from, for each tool that one may have.

export const recipeNames = ['shell', 'claude', 'codex', 'make', 'actions', 'powershell'] as const
export type RecipeName = (typeof recipeNames)[number]

export interface Recipe {
  name: RecipeName
  commands: { label: string; command: string }[]
}

export function recipes(baseUrl: string, text: string): Recipe[] {
  const url = new URL(baseUrl)
  const address = url.href.replace(/\/$/, '')
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  const isPlain = url.protocol === 'http:' && url.pathname === '/'
  // The port alone is what one remembers; from another machine, or behind a proxy, it takes the address.
  const target = isLocal && isPlain ? `--port ${url.port || '80'}` : `--url ${address}`
  const push = `notifyhub-push ${target}`
  const post = `${address}/api/notifications`
  const curl = (body: string) =>
    `curl ${post} \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`
  /** One key for each folder an agent works in: whatever it says last takes the place of its question. */
  const agent = (state: string, actor: string, title: string) =>
    `${push} --state ${state} --actor ${actor} --source "\${PWD##*/}" --key "${actor}:$PWD" "${title}"`
  return [
    {
      name: 'shell',
      commands: [
        { label: 'notifyhub-push', command: `${push} "${text}"` },
        { label: 'curl', command: curl(`{"message": "${text}"}`) },
      ],
    },
    {
      name: 'claude',
      commands: [
        {
          label: '~/.claude/settings.json',
          command: claudeSettings({
            Notification: agent('waiting', 'claude', 'Claude Code needs you'),
            Stop: agent('done', 'claude', 'Claude Code has finished'),
          }),
        },
      ],
    },
    {
      name: 'codex',
      commands: [
        {
          label: '~/.codex/config.toml',
          command: `notify = ${JSON.stringify(['sh', '-c', agent('done', 'codex', 'Codex has finished')])}`,
        },
      ],
    },
    {
      name: 'make',
      commands: [
        {
          label: 'cargo',
          command: `cargo test && ${push} --state done "Tests passed" || ${push} --state failed "Tests failed"`,
        },
        {
          label: 'npm',
          command: `npm test && ${push} --state done "Tests passed" || ${push} --state failed "Tests failed"`,
        },
      ],
    },
    {
      name: 'actions',
      commands: [
        {
          label: '.github/workflows/ci.yml',
          command: [
            '- name: Notify',
            '  if: always()',
            '  run: |',
            `    curl ${post} \\`,
            "      -H 'Content-Type: application/json' \\",
            `      -d '{"source": "\${{ github.repository }}", "actor": "ci", ` +
              `"level": "\${{ job.status == 'success' && 'success' || 'error' }}", ` +
              `"message": "\${{ github.workflow }}: \${{ job.status }}"}'`,
          ].join('\n'),
        },
      ],
    },
    {
      name: 'powershell',
      commands: [
        {
          label: 'PowerShell',
          command: `Invoke-RestMethod ${post} -Method Post \`\n  -ContentType 'application/json' -Body '{"message": "${text}"}'`,
        },
      ],
    },
  ]
}

function claudeSettings(hooks: Record<string, string>): string {
  const lines = Object.entries(hooks).map(([event, command]) => {
    const hook = `{ "type": "command", "command": ${JSON.stringify(command)} }`
    return `    ${JSON.stringify(event)}: [{ "hooks": [${hook}] }]`
  })
  return `{\n  "hooks": {\n${lines.join(',\n')}\n  }\n}`
}

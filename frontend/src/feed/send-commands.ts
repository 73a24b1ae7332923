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
  /** A hook's command stands in JSON, so its own quotes are single ones. */
  const hook = (state: string, title: string) =>
    `${push} --state ${state} --actor claude '${title}'`
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
          command: JSON.stringify(
            {
              hooks: {
                Notification: [claudeHook(hook('waiting', 'Claude Code needs you'))],
                Stop: [claudeHook(hook('done', 'Claude Code has finished'))],
              },
            },
            null,
            2,
          ),
        },
      ],
    },
    {
      name: 'codex',
      commands: [
        {
          label: '~/.codex/config.toml',
          command: `notify = ["sh", "-c", "${push} --state done --actor codex 'Codex has finished'"]`,
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

function claudeHook(command: string) {
  return { hooks: [{ type: 'command', command }] }
}

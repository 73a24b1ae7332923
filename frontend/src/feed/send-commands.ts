// The lines that send a first notification to the hub this page came from, for each tool that one may have.

export const recipeNames = ['shell', 'claude', 'codex', 'make', 'actions', 'powershell'] as const
export type RecipeName = (typeof recipeNames)[number]

/** What the hub makes its card of a session of. */
const claudeEvents: readonly (readonly [event: string, matcher?: string])[] = [
  ['Notification'],
  ['PermissionRequest'],
  ['PreToolUse', 'AskUserQuestion|ExitPlanMode'],
  ['PostToolUse'],
  ['Stop'],
  ['StopFailure'],
  ['UserPromptSubmit'],
  ['SessionEnd'],
]

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
  /** The program finds the hub by itself where it stands in its usual place. */
  const install = (agent: string) =>
    `${isLocal && isPlain && url.port === '9080' ? '' : `export NOTIFYHUB_URL=${address}\n`}notifyhub hook install ${agent}`
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
          command: claudeSettings(`${address}/hooks/claude-code`),
        },
        { label: 'notifyhub', command: install('claude-code') },
      ],
    },
    {
      name: 'codex',
      commands: [
        {
          label: '~/.codex/config.toml',
          command: `notify = ${JSON.stringify(['sh', '-c', sendEvent(`${address}/hooks/codex`), 'notifyhub'])}`,
        },
        { label: 'notifyhub', command: install('codex') },
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

/** The event is the last argument. */
function sendEvent(url: string): string {
  return `curl -sm 2 -H 'Content-Type: application/json' --data-binary "$1" ${url} >/dev/null || true`
}

/** Claude Code posts by itself: no program is needed. */
function claudeSettings(url: string): string {
  const hook = `{ "type": "http", "url": ${JSON.stringify(url)}, "timeout": 5 }`
  const lines = claudeEvents.map(([event, matcher]) => {
    const matched = matcher ? `"matcher": ${JSON.stringify(matcher)}, ` : ''
    return `    ${JSON.stringify(event)}: [{ ${matched}"hooks": [${hook}] }]`
  })
  return `{\n  "hooks": {\n${lines.join(',\n')}\n  }\n}`
}

// A realistic day: 61 notifications of several projects, three coding agents, CI and cron, five of which wait for a person;
// and what runs meanwhile.
import type { Hub, NewNotification } from './hub'

type Message = Pick<NewNotification, 'title' | 'message' | 'level' | 'tags' | 'link'>

/** Minutes ago, and what was said. */
const messages: [number, Message][] = [
  [
    1,
    {
      title: 'Claude Code needs your permission',
      message:
        'checkout-api: may I run `git push --force-with-lease origin fix/idempotency`?\nThe branch was rebased onto main (3 commits).',
      level: 'warning',
      tags: ['claude', 'checkout-api'],
    },
  ],
  [
    3,
    {
      title: 'CI failed: checkout-api #4821',
      message:
        'test_refund_twice (tests/test_refunds.py:212)\nAssertionError: expected 409, got 200\n1 failed, 842 passed in 3m 12s',
      level: 'error',
      tags: ['ci', 'checkout-api'],
      link: 'https://ci.example.com/checkout-api/4821',
    },
  ],
  [
    4,
    {
      title: 'Codex finished',
      message:
        'atlas-web: moved 14 components to <script setup>. 0 type errors. 3 files need a look:\n  src/views/MapView.vue\n  src/composables/useTiles.ts\n  src/store/layers.ts',
      level: 'info',
      tags: ['codex', 'atlas-web'],
    },
  ],
  [7, { message: 'Tests passed', level: 'success', tags: ['notifyhub'] }],
  [
    9,
    {
      title: 'aider',
      message:
        "Waiting for your answer: Add src/auth/session.py to the chat? (Y)es/(N)o/(D)on't ask again",
      level: 'warning',
      tags: ['aider', 'checkout-api'],
    },
  ],
  [
    12,
    {
      title: 'Deploy to staging',
      message: 'atlas-web 2.41.0-rc.3 is live 🚀 (canary 10 %, error rate 0.02 %)',
      level: 'success',
      tags: ['deploy', 'atlas-web'],
      link: 'https://grafana.example.com/d/aB3xY9/atlas-web?orgId=1&from=now-1h&to=now&var-env=staging',
    },
  ],
  [
    15,
    {
      title: 'cargo test',
      message:
        'error[E0502]: cannot borrow `self.streams` as mutable because it is also borrowed as immutable\n   --> server/src/fanout.rs:118:13\n    |\n116 |         for stream in self.streams.iter() {\n    |                       ------------------- immutable borrow occurs here\n117 |             if stream.is_stalled(now) {\n118 |             self.streams.remove(&stream.id);\n    |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ mutable borrow occurs here\n\nFor more information about this error, try `rustc --explain E0502`.\nerror: could not compile `notifyhub-server` (lib) due to 1 previous error',
      level: 'error',
      tags: ['notifyhub', 'build'],
    },
  ],
  [
    18,
    {
      title: 'Claude Code finished',
      message:
        'infra: Terraform plan is ready: 4 to add, 1 to change, 0 to destroy. I did not apply it.',
      level: 'info',
      tags: ['claude', 'infra'],
    },
  ],
  [
    21,
    {
      title: 'make',
      message: `\u001b[32mok\u001b[0m  server\n\u001b[31mFAILED\u001b[0m sdk (2.1 s)\nmake: *** [Makefile:41: test] Error 1`,
      level: 'error',
      tags: ['notifyhub', 'build'],
    },
  ],
  [
    24,
    {
      title: 'CI passed: atlas-web #1190',
      message: 'All 6 jobs in 8m 41s',
      level: 'success',
      tags: ['ci', 'atlas-web'],
      link: 'https://ci.example.com/atlas-web/1190',
    },
  ],
  [
    25,
    {
      title: 'CI passed: atlas-web #1189',
      message: 'All 6 jobs in 8m 55s',
      level: 'success',
      tags: ['ci', 'atlas-web'],
      link: 'https://ci.example.com/atlas-web/1189',
    },
  ],
  [
    26,
    {
      title: 'CI passed: infra #330',
      message: 'All 2 jobs in 1m 02s',
      level: 'success',
      tags: ['ci', 'infra'],
      link: 'https://ci.example.com/infra/330',
    },
  ],
  [
    31,
    {
      title: 'Review requested',
      message: 'lena-k wants your review on "Retry webhooks with backoff" (+412 −96)',
      tags: ['github', 'checkout-api'],
      link: 'https://github.example.com/acme/checkout-api/pull/977',
    },
  ],
  [
    34,
    {
      title: 'Codex finished',
      message:
        'checkout-api: the flaky test is gone. It depended on the order of dict keys. Ran it 200 times, 0 failures.',
      level: 'success',
      tags: ['codex', 'checkout-api'],
    },
  ],
  [
    40,
    {
      title: 'Disk space low on build-02',
      message: '/var/lib/docker 91 % (412 GB of 452 GB)',
      level: 'warning',
      tags: ['cron', 'infra'],
    },
  ],
  [44, { message: 'sleep 600; done' }],
  [
    48,
    {
      title: 'Claude Code needs input',
      message:
        'notifyhub: Two ways to do this:\n1. keep the ring buffer and drop the oldest\n2. write through to SQLite and page from there\nWhich one?',
      level: 'warning',
      tags: ['claude', 'notifyhub'],
    },
  ],
  [
    52,
    {
      title: 'npm run build',
      message:
        'dist/assets/index-DVeAV0Gq.js   176.64 kB │ gzip: 61.33 kB\ndist/assets/index-CBybPnu1.css   40.50 kB │ gzip:  8.81 kB\n✓ built in 4.02s',
      level: 'success',
      tags: ['notifyhub', 'build'],
    },
  ],
  [
    58,
    {
      title: 'Unhandled exception in worker-3',
      message:
        'Traceback (most recent call last):\n  File "/srv/checkout/worker.py", line 88, in handle\n    await self.process(job)\n  File "/srv/checkout/worker.py", line 131, in process\n    total = sum(line.amount for line in job.order.lines)\n  File "/srv/checkout/models/order.py", line 54, in lines\n    return self._lines or self.load_lines()\n  File "/srv/checkout/models/order.py", line 71, in load_lines\n    rows = self.db.fetch("select * from order_lines where order_id = $1", self.id)\n  File "/srv/checkout/.venv/lib/python3.12/site-packages/asyncpg/connection.py", line 692, in fetch\n    raise ConnectionDoesNotExistError("connection was closed in the middle of operation")\nasyncpg.exceptions.ConnectionDoesNotExistError: connection was closed in the middle of operation\n\njob=7f3a2c91-5d0e-4f7b-9a3e-2f64c0b1d8aa attempt=5 queue=refunds',
      level: 'error',
      tags: ['sentry', 'checkout-api', 'production'],
      link: 'https://sentry.example.com/organizations/acme/issues/4481923/?project=12',
    },
  ],
  [
    63,
    {
      title: 'CI failed: checkout-api #4820',
      message: 'lint: 2 errors',
      level: 'error',
      tags: ['ci', 'checkout-api'],
      link: 'https://ci.example.com/checkout-api/4820',
    },
  ],
  [
    66,
    {
      title: 'aider',
      message: 'Commit 9f3c1aa fix: the session cookie is httponly',
      level: 'info',
      tags: ['aider', 'checkout-api'],
    },
  ],
  [
    71,
    {
      title: 'Codex needs your approval',
      message: 'atlas-web: npm install maplibre-gl@5.6.0 wants network access',
      level: 'warning',
      tags: ['codex', 'atlas-web'],
    },
  ],
  [
    78,
    {
      title: 'Dependabot',
      message: 'Bump serde from 1.0.219 to 1.0.223 in /server',
      tags: ['github', 'notifyhub'],
      link: 'https://github.example.com/acme/notifyhub/pull/311',
    },
  ],
  [
    83,
    {
      title: 'Benchmark',
      message: 'p50 0.41 ms   p95 0.96 ms   p99 2.3 ms\n10 000 streams, 2 cores, 60 s: 0 lost',
      level: 'success',
      tags: ['notifyhub', 'bench'],
    },
  ],
  [
    90,
    {
      title: 'Model training',
      message: 'epoch 12/30 · loss 0.1873 · val 0.2041 · lr 3e-4 · ETA 1 h 42 min',
      level: 'info',
      tags: ['gpu', 'atlas-ml'],
    },
  ],
  [
    96,
    {
      title: 'Пересборка индекса завершена',
      message: 'Индексировано 1 204 331 документов за 14 мин',
      level: 'success',
      tags: ['cron', 'поиск'],
    },
  ],
  [
    103,
    { title: 'بناء فاشل', message: 'فشل البناء في الخطوة 3: npm ci', level: 'error', tags: ['ci'] },
  ],
  [
    110,
    {
      title: '部署完成',
      message: '订单服务 v3.2.1 已部署到生产环境 ✅',
      level: 'success',
      tags: ['deploy'],
    },
  ],
  [
    118,
    {
      title: 'Claude Code finished',
      message:
        'checkout-api: All done. Summary of the session:\n\n- **Refunds** are idempotent now: a second call with the same key answers 200 with the first result\n- New table `refund_keys` (migration 0042), pruned after 48 h\n- Added 11 tests; the whole suite takes 3 m 12 s\n- I left `TODO(lena)` in `webhooks.py` because I do not know the retry policy\n\n```python\nasync def refund(key: str, amount: int) -> Refund:\n    async with self.lock(key):\n        if found := await self.find(key):\n            return found\n        return await self.create(key, amount)\n```\n\nNext: `git push` and open a pull request. Nothing was pushed yet.',
      level: 'info',
      tags: ['claude', 'checkout-api'],
    },
  ],
  [
    125,
    {
      title:
        'AVeryLongIdentifierWithoutAnySpacesSuchAsOneGetsFromJavaStackTracesOrKubernetesPods-checkout-api-7d9f8b6c5d-x2k9q',
      message: 'CrashLoopBackOff (restart 17)',
      level: 'error',
      tags: [
        'k8s',
        'production',
        'checkout-api',
        'very-long-tag-name-that-somebody-generated-automatically-1234',
      ],
    },
  ],
  [
    131,
    { title: '🎉🎉🎉', message: '👩‍💻👨🏽‍🔬🏳️‍🌈 release party at 17:00 in the kitchen 🍕', tags: ['team'] },
  ],
  [
    140,
    {
      title: 'Certificate expires in 14 days',
      message: "*.acme.example (Let's Encrypt R11) on 2025-12-07",
      level: 'warning',
      tags: ['cron', 'infra'],
    },
  ],
  [
    150,
    {
      title: 'CI passed: notifyhub #902',
      message: 'All 4 jobs in 6m 20s',
      level: 'success',
      tags: ['ci', 'notifyhub'],
      link: 'https://ci.example.com/notifyhub/902',
    },
  ],
  [
    151,
    {
      title: 'CI passed: notifyhub #901',
      message: 'All 4 jobs in 6m 31s',
      level: 'success',
      tags: ['ci', 'notifyhub'],
      link: 'https://ci.example.com/notifyhub/901',
    },
  ],
  [
    152,
    {
      title: 'CI passed: checkout-api #4819',
      message: 'All 5 jobs in 9m 02s',
      level: 'success',
      tags: ['ci', 'checkout-api'],
    },
  ],
  [
    160,
    {
      title: 'Codex finished',
      message: 'notifyhub: wrote docs/decisions/0005-fan-out.md',
      level: 'info',
      tags: ['codex', 'notifyhub'],
    },
  ],
  [
    171,
    {
      title: 'pg_dump',
      message: 'checkout-prod.dump 18.4 GB in 22 min',
      level: 'success',
      tags: ['cron', 'infra'],
    },
  ],
  [
    180,
    {
      title: 'aider',
      message: 'Token budget 80 % used',
      level: 'warning',
      tags: ['aider', 'checkout-api'],
    },
  ],
  [
    195,
    {
      message:
        'https://github.example.com/acme/atlas-web/compare/main...feature/offline-tiles-with-a-very-long-branch-name-and-settings?expand=1&title=Offline%20tiles#diff-a8f2c',
      tags: ['clip'],
    },
  ],
  [
    210,
    {
      title: 'Claude Code needs your permission',
      message: 'infra: rm -rf .terraform/providers ?',
      level: 'warning',
      tags: ['claude', 'infra'],
    },
  ],
  [
    225,
    {
      title: 'Build failed',
      message: 'exit code 137 (out of memory) in step "bundle"',
      level: 'error',
      tags: ['ci', 'atlas-web'],
    },
  ],
  [
    240,
    {
      title: 'Standup in 10 minutes',
      message: 'https://meet.example.com/abc-defg-hij',
      tags: ['calendar'],
      link: 'https://meet.example.com/abc-defg-hij',
    },
  ],
  [
    260,
    {
      title: 'Nightly backup finished',
      message: '412 GB, 0 errors',
      level: 'success',
      tags: ['cron', 'infra'],
    },
  ],
  [300, { title: 'Renovate', message: '7 pull requests opened', tags: ['github', 'atlas-web'] }],
]
for (let i = 0; i < 17; i++)
  messages.push([
    700 + i * 37,
    [
      {
        title: `CI passed: ${['atlas-web', 'checkout-api', 'infra'][i % 3]} #${1100 - i}`,
        message: 'All jobs passed',
        level: 'success',
        tags: ['ci', ['atlas-web', 'checkout-api', 'infra'][i % 3]],
      },
      {
        title: 'Claude Code finished',
        message: 'notifyhub: step ' + (i + 1) + ' of the plan is done',
        level: 'info',
        tags: ['claude', 'notifyhub'],
      },
      { title: 'certbot renew', message: 'no renewals were attempted', tags: ['cron', 'infra'] },
      {
        title: 'Nightly e2e failed',
        message: `${i} of 214 scenarios`,
        level: 'error',
        tags: ['ci', 'atlas-web'],
      },
    ][i % 4] as Message,
  ])

const actors = [
  'claude',
  'codex',
  'aider',
  'ci',
  'cron',
  'deploy',
  'github',
  'build',
  'sentry',
  'bench',
  'k8s',
  'gpu',
]
const projects = ['checkout-api', 'atlas-web', 'atlas-ml', 'infra', 'notifyhub', 'поиск']
const waits = /needs your|needs input|Waiting for your answer/

function asPosted(message: Message): NewNotification {
  const tags = message.tags ?? []
  const source = tags.find((tag) => projects.includes(tag))
  const actor = tags.find((tag) => actors.includes(tag))
  const text = `${message.title ?? ''} ${message.message}`
  const posted: NewNotification = { ...message, source, actor }
  if (waits.test(text)) posted.state = 'waiting'
  else if (/ finished$/.test(message.title ?? '')) posted.state = 'done'
  if (actor === 'ci' && /^CI /.test(message.title ?? '')) {
    posted.key = `ci/${source}`
    posted.state = message.level === 'error' ? 'failed' : 'done'
  }
  if (message.message.includes('**')) posted.format = 'markdown'
  if (posted.state === 'waiting') {
    posted.actions = [{ label: 'Go to it', url: `vscode://file/home/me/${source}` }]
    if (source) posted.message = message.message.replace(`${source}: `, '')
  }
  return JSON.parse(JSON.stringify(posted)) as NewNotification
}

const running: [number, NewNotification][] = [
  [11, { message: 'terraform apply', source: 'infra', actor: 'claude', state: 'running' }],
  [4, { message: 'docs', source: 'notifyhub', actor: 'codex', state: 'running' }],
  [2, { message: 'CI #1191', source: 'atlas-web', actor: 'ci', key: 'ci/next', state: 'running' }],
]

export async function fillWithDay(hub: Hub): Promise<void> {
  const all = [...messages.map(([ago, message]) => [ago, asPosted(message)] as const), ...running]
  const seen: { id: string; ago: number }[] = []
  for (const [ago, notification] of all.sort((one, other) => other[0] - one[0])) {
    const timestamp = new Date(Date.now() - ago * 60_000).toISOString()
    const { id } = await hub.publish({ ...notification, timestamp })
    seen.push({ id, ago })
  }
  // Somebody looked 22 minutes ago.
  const through = seen.filter(({ ago }) => ago > 22).at(-1)!.id
  await fetch(`${hub.url}api/read`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ through }),
  })
}

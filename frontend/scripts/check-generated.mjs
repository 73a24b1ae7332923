// Fails when the generated types are not those of ../openapi.json: generates them once more beside the
// others and compares. Run it with `npm run check:generated`.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const committed = 'src/api/generated'
const fresh = mkdtempSync(join(tmpdir(), 'generated-types-'))
try {
  execFileSync('npm', ['run', '--silent', 'generate'], {
    env: { ...process.env, GENERATED_PATH: fresh },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const contentOf = (folder) =>
    Object.fromEntries(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
    )
  if (JSON.stringify(contentOf(committed)) !== JSON.stringify(contentOf(fresh))) {
    console.error(
      `${committed} is stale: run "npm run generate" in frontend/ and commit the result.`,
    )
    process.exit(1)
  }
  console.log(`${committed} is up to date.`)
} finally {
  rmSync(fresh, { recursive: true, force: true })
}

// The files of the page, kept so that it opens while the hub is away. The page itself comes from the hub whenever that
// answers: so what is shown is never older than the hub, and never a mix of two versions. Nothing of the API is kept.

/** One version of the page. */
export interface ShellFiles {
  version: string
  /** By their addresses, relative to the page; the page itself is besides. */
  files: readonly string[]
}

/** A hub that says nothing for so long is as good as away. */
export const patienceMs = 3_000
/** A page that was open before an update may still ask for what belongs to it. */
const versionsKept = 2

export interface ShellEnvironment {
  /** The folder of the page, ending in a slash. */
  scope: string
  caches: CacheStorage
  fetch: (request: RequestInfo, init?: RequestInit) => Promise<Response>
  after: (delayMs: number) => Promise<void>
}

export class Shell {
  private readonly prefix: string
  private readonly name: string
  private readonly own: Set<string>

  constructor(
    private readonly shell: ShellFiles,
    private readonly environment: ShellEnvironment,
  ) {
    // The caches of one origin are shared by all hubs that live under its paths.
    this.prefix = `notifyhub-shell:${environment.scope}:`
    this.name = this.prefix + shell.version
    this.own = new Set(shell.files.map((file) => this.address(file)))
  }

  /** Takes in this version, all of it or nothing. */
  async install(): Promise<void> {
    const { caches, fetch, scope } = this.environment
    const page = await fetch(scope, { cache: 'no-cache' })
    const text = await page.clone().text()
    const scripts = this.shell.files.filter((file) => /assets\/index-.*\.js$/.test(file))
    // A page for signing in, or one of another version, would not fit the files.
    if (!page.ok || page.redirected || !scripts.every((file) => text.includes(file))) {
      throw new Error('the page is not of this version')
    }
    const cache = await caches.open(this.name)
    await cache.addAll([...this.own])
    await cache.put(scope, page)
  }

  /** Lets go of versions that nobody needs any more. */
  async tidy(): Promise<void> {
    const { caches } = this.environment
    const known = (await caches.keys()).filter((name) => name.startsWith(this.prefix))
    const older = known.filter((name) => name !== this.name)
    for (const name of older.slice(0, Math.max(0, older.length - (versionsKept - 1)))) {
      await caches.delete(name)
    }
  }

  /** Lets go of everything. */
  async forget(): Promise<void> {
    const { caches } = this.environment
    for (const name of await caches.keys()) {
      if (name.startsWith(this.prefix)) await caches.delete(name)
    }
  }

  /** Whether a request is for the page itself. */
  isPage({ mode, method, url }: Request): boolean {
    const { origin, pathname } = new URL(url)
    return mode === 'navigate' && method === 'GET' && origin + pathname === this.environment.scope
  }

  /** Whether a request is for a file of the page, of this version or another. */
  isFile({ method, url }: Request): boolean {
    const { origin, pathname } = new URL(url)
    const address = origin + pathname
    return (
      method === 'GET' && (this.own.has(address) || address.startsWith(this.address('assets/')))
    )
  }

  async file(request: Request): Promise<Response> {
    const { caches, fetch } = this.environment
    // What has no hash in its name is of this version, assets may be of another.
    const kept = await caches.match(request, { cacheName: this.name })
    return kept ?? (await caches.match(request)) ?? fetch(request)
  }

  /**
   * The page: from the hub, or as it was kept where the hub does not answer in time. `network`: the hub's answer, which
   * may be under way already.
   */
  async page(network: Promise<Response>): Promise<Response> {
    const { caches, after, scope } = this.environment
    const answered = network.catch(() => undefined)
    const first = await Promise.race([answered, after(patienceMs)])
    // A proxy before a hub that is away answers in its place.
    if (first && first.status < 500) return first
    const kept = await caches.match(scope, { cacheName: this.name })
    return kept ?? (await answered) ?? Response.error()
  }

  private address(file: string): string {
    return new URL(file, this.environment.scope).href
  }
}

import { beforeEach, describe, expect, it } from 'vitest'
import { patienceMs, Shell, type ShellEnvironment } from './shell'

const scope = 'https://hub.example/tools/'
const files = ['assets/index-a1.js', 'assets/shared-worker-b2.js', 'favicon.svg']

/** As much of CacheStorage as is used. */
class FakeCaches {
  stored = new Map<string, Map<string, Response>>()

  open(name: string) {
    const entries = this.stored.get(name) ?? new Map<string, Response>()
    this.stored.set(name, entries)
    const key = (request: Request | string) => (typeof request === 'string' ? request : request.url)
    return Promise.resolve({
      put: (request: Request | string, response: Response) =>
        Promise.resolve(void entries.set(key(request), response)),
      addAll: async (urls: string[]) => {
        const responses = await Promise.all(urls.map((url) => environment.fetch(url)))
        if (responses.some(({ ok }) => !ok)) throw new TypeError('not all are there')
        urls.forEach((url, index) => entries.set(url, responses[index]!))
      },
    })
  }

  match(request: Request | string, { cacheName }: { cacheName?: string } = {}) {
    const url = typeof request === 'string' ? request : request.url
    for (const [name, entries] of this.stored) {
      const found = entries.get(url)
      if (found && (cacheName ?? name) === name) return Promise.resolve(found.clone())
    }
    return Promise.resolve(undefined)
  }

  keys() {
    return Promise.resolve([...this.stored.keys()])
  }

  delete(name: string) {
    return Promise.resolve(this.stored.delete(name))
  }
}

let caches: FakeCaches
let environment: ShellEnvironment
let served: Map<string, Response>
let waited: number[]

beforeEach(() => {
  caches = new FakeCaches()
  served = new Map(
    files.map((file) => [scope + file, new Response(`${file} from the hub`)] as const),
  )
  served.set(scope, new Response('<script src="./assets/index-a1.js">'))
  waited = []
  environment = {
    scope,
    caches: caches as unknown as CacheStorage,
    fetch: (request) => {
      const url = typeof request === 'string' ? request : request.url
      const response = served.get(url)
      return response
        ? Promise.resolve(response.clone())
        : Promise.reject(new TypeError('unreachable'))
    },
    after: (delayMs) => {
      waited.push(delayMs)
      return Promise.resolve()
    },
  }
})

const shell = (version = 'one') => new Shell({ version, files }, environment)
const never = new Promise<Response>(() => {})
const away = () => {
  const rejected = Promise.reject<Response>(new TypeError('unreachable'))
  rejected.catch(() => undefined)
  return rejected
}
const asked = (url: string, init?: RequestInit) => new Request(url, init)

describe('a shell', () => {
  it('keeps the page and its files, and nothing besides', async () => {
    await shell().install()
    const [name] = await caches.keys()
    const kept = [...caches.stored.get(name!)!.keys()].sort()
    expect(kept).toEqual([scope, ...files.map((file) => scope + file)].sort())
  })

  it.each([
    ['of another version', () => new Response('<script src="./assets/index-zz.js">')],
    ['that is none', () => new Response('sign in', { status: 401 })],
  ])('is not installed with a page %s', async (_, page) => {
    served.set(scope, page())
    await expect(shell().install()).rejects.toThrow('not of this version')
    expect(await caches.keys()).toEqual([])
  })

  it('gives the page of the hub whenever that answers', async () => {
    await shell().install()
    const newer = new Response('newer')
    environment.after = () => never as unknown as Promise<void>
    const page = await shell().page(Promise.resolve(newer))
    expect(await page.text()).toBe('newer')
    const signIn = await shell().page(Promise.resolve(new Response('', { status: 401 })))
    expect(signIn.status).toBe(401)
  })

  it.each([
    ['is away', () => away()],
    ['says nothing', () => never],
    ['is away behind a proxy', () => Promise.resolve(new Response('', { status: 502 }))],
  ])('gives the page as it was kept while the hub %s', async (_, network) => {
    await shell().install()
    // Time passes only where nothing else happens.
    if (network() !== never) environment.after = () => never as unknown as Promise<void>
    const page = await shell().page(network())
    expect(await page.text()).toContain('assets/index-a1.js')
    if (network() === never) expect(waited).toEqual([patienceMs])
  })

  it('gives what the hub says where nothing was kept', async () => {
    const page = await shell().page(Promise.resolve(new Response('', { status: 502 })))
    expect(page.status).toBe(502)
    expect((await shell().page(away())).type).toBe('error')
  })

  it('has the files of the version before for a page that is still open', async () => {
    await shell('one').install()
    const old = scope + files[0]
    served.delete(old)
    files.push('assets/index-new.js')
    const newer = new Shell({ version: 'two', files: ['assets/index-new.js'] }, environment)
    files.pop()
    served.set(`${scope}assets/index-new.js`, new Response('new'))
    served.set(scope, new Response('<script src="./assets/index-new.js">'))
    await newer.install()
    await newer.tidy()
    expect(await (await newer.file(asked(old))).text()).toContain('from the hub')
    const newest = new Shell({ version: 'three', files: ['assets/index-new.js'] }, environment)
    await newest.install()
    await newest.tidy()
    await expect(newest.file(asked(old))).rejects.toThrow('unreachable')
  })

  it('leaves the caches of other hubs and of others alone', async () => {
    await caches.open('something else')
    await caches.open('notifyhub-shell:https://hub.example/:x')
    await shell().install()
    await shell().forget()
    expect(await caches.keys()).toEqual([
      'something else',
      'notifyhub-shell:https://hub.example/:x',
    ])
  })

  it('takes care of the page and its files alone', () => {
    const its = shell()
    const isTaken = (url: string, init?: RequestInit) => its.isFile(asked(url, init))
    expect(isTaken(`${scope}assets/index-a1.js`)).toBe(true)
    expect(isTaken(`${scope}assets/older-xx.js`)).toBe(true)
    expect(isTaken(`${scope}favicon.svg`)).toBe(true)
    for (const other of ['api/notifications', 'events', 'docs', 'openapi.json', 'metrics', '']) {
      expect(isTaken(scope + other)).toBe(false)
    }
    expect(isTaken('https://hub.example/assets/index-a1.js')).toBe(false)
    expect(isTaken(`${scope}assets/index-a1.js`, { method: 'POST' })).toBe(false)
    const visit = (url: string) =>
      its.isPage({ url, mode: 'navigate', method: 'GET' } as unknown as Request)
    expect(visit(scope)).toBe(true)
    expect(visit(`${scope}?wall`)).toBe(true)
    for (const other of ['docs', 'events', 'api/status']) expect(visit(scope + other)).toBe(false)
  })
})

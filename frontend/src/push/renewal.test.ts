// A subscription that has ended, with a browser and a hub made up: what the hub is told, and when.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { defaultAttention } from '../feed/attention'
import { loadInWorker, saveForWorker } from './kept-for-worker'
import { renewSubscription } from './renewal'

const scope = 'https://hub.example/'
let kept: Map<string, string>
let told: { body: unknown; authorization: string | null }[]
let hubIsAway: boolean
let subscribedWith: string[]

const subscription = (endpoint: string) => ({
  options: { applicationServerKey: null },
  toJSON: () => ({ endpoint, keys: { p256dh: 'p', auth: 'a' } }),
  unsubscribe: () => Promise.resolve(true),
})
const registration = {
  scope,
  pushManager: {
    getSubscription: () => Promise.resolve(null),
    subscribe: ({ applicationServerKey }: { applicationServerKey: string }) => {
      subscribedWith.push(applicationServerKey)
      return Promise.resolve(subscription('https://push.example/new'))
    },
  },
} as unknown as ServiceWorkerRegistration

beforeEach(() => {
  vi.useFakeTimers()
  kept = new Map()
  told = []
  subscribedWith = []
  hubIsAway = false
  vi.stubGlobal('caches', {
    open: () =>
      Promise.resolve({
        put: async (name: string, response: Response) => kept.set(name, await response.text()),
        match: (name: string) =>
          Promise.resolve(kept.has(name) ? new Response(kept.get(name)) : undefined),
      }),
  })
  vi.stubGlobal('fetch', (url: URL | string, init?: RequestInit) => {
    if (hubIsAway) return Promise.reject(new TypeError('no network'))
    const headers = { 'content-type': 'application/json' }
    if (String(url).endsWith('/key')) {
      return Promise.resolve(new Response('{"public_key":"the-key"}', { headers }))
    }
    const authorization = new Headers(init?.headers).get('authorization')
    told.push({ body: JSON.parse(init?.body as string) as unknown, authorization })
    return Promise.resolve(new Response('{"id":"1"}', { headers }))
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('is made anew under the key of the hub, which is told what the page wanted', async () => {
  await saveForWorker(scope, {
    attention: defaultAttention,
    wanted: { failures: true, withdrawals: true },
    token: 'secret',
  })
  const renewed = renewSubscription(registration)
  await vi.runAllTimersAsync()
  await renewed
  expect(subscribedWith).toEqual(['the-key'])
  const keys = { p256dh: 'p', auth: 'a' }
  const body = { endpoint: 'https://push.example/new', keys, failures: true, withdrawals: true }
  expect(told).toEqual([{ body, authorization: 'Bearer secret' }])
})

it('is told later to a hub that is away', async () => {
  hubIsAway = true
  const renewed = renewSubscription(registration)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(told).toEqual([])
  hubIsAway = false
  await vi.runAllTimersAsync()
  await renewed
  expect(told).toHaveLength(1)
  expect(told[0]!.authorization).toBeNull()
})

it('says what was wrong when the hub stays away', async () => {
  hubIsAway = true
  const renewed = expect(renewSubscription(registration)).rejects.toThrow('cannot be reached')
  await vi.runAllTimersAsync()
  await renewed
})

it.each(['', 'null', '7', '{"wanted":null}', '{"wanted":{"failures":"yes"},"token":7}'])(
  'reads what another version has kept as if nothing had been set: %s',
  async (text) => {
    kept.set(scope, text)
    const { wanted, token } = await loadInWorker(scope)
    expect({ wanted, token }).toEqual({
      wanted: { failures: false, withdrawals: false },
      token: undefined,
    })
  },
)

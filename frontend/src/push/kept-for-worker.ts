// What the page hands on to the service worker, which cannot read what the page stores: what asks for attention, and what
// it needs to tell the hub of a new subscription by itself.
import { parseObject } from '../api/parse'
import { parseAttention, type Attention } from '../feed/attention'
import type { Wanted } from './subscription'

export interface KeptForWorker {
  attention: Attention
  wanted: Wanted
  /** The publish token, for a hub that takes one. */
  token?: string
}

const cacheName = (scope: string) => `notifyhub-push:${scope}`

export async function saveForWorker(scope: string, kept: KeptForWorker): Promise<void> {
  const cache = await caches.open(cacheName(scope))
  await cache.put(scope, new Response(JSON.stringify(kept)))
}

export async function loadInWorker(scope: string): Promise<KeptForWorker> {
  const response = await (await caches.open(cacheName(scope))).match(scope)
  const kept = parseObject((await response?.text()) ?? '') ?? {}
  const wanted = (kept.wanted ?? {}) as Partial<Wanted>
  return {
    attention: parseAttention(kept.attention),
    wanted: { failures: wanted.failures === true, withdrawals: wanted.withdrawals === true },
    token: typeof kept.token === 'string' ? kept.token : undefined,
  }
}

// What asks for attention, and how, handed on to the service worker, which cannot read what the page stores.
import { parseAttention, type Attention } from '../feed/attention'

const cacheName = (scope: string) => `notifyhub-push:${scope}`

export async function saveForWorker(scope: string, attention: Attention): Promise<void> {
  const cache = await caches.open(cacheName(scope))
  await cache.put(scope, new Response(JSON.stringify(attention)))
}

export async function loadInWorker(scope: string): Promise<Attention> {
  try {
    const kept = await (await caches.open(cacheName(scope))).match(scope)
    return parseAttention(await kept?.json())
  } catch {
    return parseAttention(undefined)
  }
}

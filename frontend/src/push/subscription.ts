// The browser's subscription, as page and service worker make it and tell the hub of it.
import type { NewPushSubscription } from '../api/generated'

/** What the device is told. */
export type Wanted = Pick<NewPushSubscription, 'failures' | 'withdrawals'>

/** The subscription there is; one that is bound to another key than the hub's is made anew. */
export async function subscriptionUnder(
  key: string,
  manager: PushManager,
): Promise<PushSubscription> {
  const existing = await manager.getSubscription()
  if (existing && asText(existing.options.applicationServerKey) === key) return existing
  await existing?.unsubscribe()
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
}

export function asRequest(subscription: PushSubscription, wanted: Wanted): NewPushSubscription {
  const { endpoint, keys } = subscription.toJSON()
  const { p256dh = '', auth = '' } = keys ?? {}
  return { endpoint: endpoint ?? '', keys: { p256dh, auth }, ...wanted }
}

function asText(key: ArrayBuffer | null): string {
  const bytes = String.fromCharCode(...new Uint8Array(key ?? new ArrayBuffer(0)))
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

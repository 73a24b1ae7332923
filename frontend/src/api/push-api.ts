// The calls that have this device told while the page is closed.
import { call, change, withBody, type TokenSource } from './calls'
import type { NewPushSubscription, PushKey, PushSubscription } from './generated'

export interface PushApi {
  /** The hub's public key, in base64url. */
  key: () => Promise<string>
  /** Its id. `mayAsk`: a person may be asked for the token. */
  subscribe: (subscription: NewPushSubscription, mayAsk: boolean) => Promise<string>
  unsubscribe: (id: string) => Promise<void>
}

export function createPushApi(baseUrl: string, token: TokenSource): PushApi {
  const address = new URL('api/push/subscriptions', baseUrl)
  return {
    async key() {
      const response = await call(new URL('api/push/key', baseUrl))
      return ((await response.json()) as PushKey).public_key
    },
    async subscribe(subscription, mayAsk) {
      const response = await change(token, address, withBody('PUT', subscription), mayAsk)
      return ((await response.json()) as PushSubscription).id
    },
    async unsubscribe(id) {
      await change(token, `${address}/${encodeURIComponent(id)}`, { method: 'DELETE' })
    },
  }
}

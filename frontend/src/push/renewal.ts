// What the service worker does when the browser or its push service has ended a subscription: it makes another and tells the
// hub, which would else send to nobody until the page is opened again.
import { createPushApi } from '../api/push-api'
import { loadInWorker } from './kept-for-worker'
import { asRequest, subscriptionUnder } from './subscription'

/** The hub may be away just then; what is not told in these tries is told when the page is opened. */
const triesAfterMs = [0, 2_000, 20_000]

export async function renewSubscription({
  scope,
  pushManager,
}: Pick<ServiceWorkerRegistration, 'scope' | 'pushManager'>): Promise<void> {
  const { wanted, token } = await loadInWorker(scope)
  const api = createPushApi(scope, { current: token, ask: () => Promise.resolve(undefined) })
  let problem: unknown
  for (const delayMs of triesAfterMs) {
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    try {
      const subscription = await subscriptionUnder(await api.key(), pushManager)
      await api.subscribe(asRequest(subscription, wanted), false)
      return
    } catch (error) {
      problem = error
    }
  }
  throw problem
}

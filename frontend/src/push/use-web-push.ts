// Whether this device is told while the page is closed, and changing that. The browser knows whether it is subscribed;
// the hub is told each time the page is opened, so that whatever either has lost heals.
import { ref, watch, type Ref } from 'vue'
import { ApiError } from '../api/calls'
import { loadPublishToken } from '../api/publish-token'
import type { PushApi } from '../api/push-api'
import { hubKey } from '../api/storage-key'
import { usePreferences } from '../composables/preferences'
import { useStored } from '../composables/use-stored'
import { saveForWorker } from './kept-for-worker'
import { asRequest, subscriptionUnder } from './subscription'

export type PushState =
  /** It is not known yet. */
  | 'unknown'
  /** The page came over plain http from another machine. */
  | 'insecure'
  /** This browser has none, or not for this page. */
  | 'unsupported'
  /** The hub has it switched off. */
  | 'off'
  /** The person has said no, to the browser. */
  | 'denied'
  | 'inactive'
  | 'active'

export interface WebPush {
  state: Ref<PushState>
  /** Whether what failed is told, too. */
  failures: Ref<boolean>
  /** Something is under way. */
  isBusy: Ref<boolean>
  /** Asks the person; rejects with the reason. */
  start: () => Promise<void>
  stop: () => Promise<void>
  /** Shows a banner as the service worker does; `false`: the page has to do it by itself. */
  present: (title: string, options: NotificationOptions) => Promise<boolean>
}

/** A service worker that is not there after so long does not come. */
const workerMs = 10_000

export function useWebPush(api: PushApi, isSupported = hasPush()): WebPush {
  const { attention } = usePreferences()
  const state = ref<PushState>(
    !window.isSecureContext ? 'insecure' : isSupported ? 'unknown' : 'unsupported',
  )
  const failures = useStored(hubKey('push-failures'), false, (value) => value === true)
  const isBusy = ref(false)
  let id: string | undefined

  const registered = () => navigator.serviceWorker.ready

  const wanted = () => ({ failures: failures.value, withdrawals: bearsSilence() })

  const keep = (scope: string) =>
    saveForWorker(scope, {
      attention: attention.value,
      wanted: wanted(),
      token: loadPublishToken(),
    })

  /** What the browser has is told to the hub, also what it was told before. */
  async function tell({ pushManager }: ServiceWorkerRegistration, mayAsk: boolean): Promise<void> {
    const subscription = await subscriptionUnder(await api.key(), pushManager)
    id = await api.subscribe(asRequest(subscription, wanted()), mayAsk)
  }

  async function subscribe(registration: ServiceWorkerRegistration): Promise<void> {
    try {
      await tell(registration, true)
    } catch (error) {
      await (await registration.pushManager.getSubscription())?.unsubscribe()
      throw error
    }
    // After the hub has taken it, and with it the token that somebody was asked for.
    await keep(registration.scope)
    state.value = 'active'
  }

  async function look(): Promise<void> {
    const registration = await registered()
    if (!(await registration.pushManager.getSubscription())) {
      state.value = Notification.permission === 'denied' ? 'denied' : 'inactive'
      return
    }
    state.value = 'active'
    await keep(registration.scope)
    await tell(registration, false)
  }

  async function start(): Promise<void> {
    await busily(async () => {
      const permission = await Notification.requestPermission()
      if (permission !== 'granted') {
        state.value = permission === 'denied' ? 'denied' : 'inactive'
        return
      }
      const late = new Promise<undefined>((resolve) =>
        setTimeout(() => resolve(undefined), workerMs),
      )
      const registration = await Promise.race([registered(), late])
      if (registration) await subscribe(registration)
      else state.value = 'unsupported'
    })
  }

  async function stop(): Promise<void> {
    await busily(async () => {
      const subscription = await (await registered()).pushManager.getSubscription()
      // Whether the hub hears of it or not: what it sends from now on comes back as gone.
      await subscription?.unsubscribe()
      state.value = 'inactive'
      if (id) await api.unsubscribe(id)
      id = undefined
    })
  }

  async function busily(work: () => Promise<void>): Promise<void> {
    isBusy.value = true
    try {
      await work()
    } catch (error) {
      noteOff(error)
      throw error
    } finally {
      isBusy.value = false
    }
  }

  function noteOff(error: unknown): void {
    if (error instanceof ApiError && error.code === 'web_push_off') state.value = 'off'
  }

  async function present(title: string, options: NotificationOptions): Promise<boolean> {
    if (state.value !== 'active') return false
    await (await registered()).showNotification(title, options)
    return true
  }

  if (state.value === 'unknown') void look().catch(noteOff)
  watch(failures, () => {
    if (state.value === 'active') void look().catch(noteOff)
  })
  watch(attention, () => {
    if (state.value === 'active') void registered().then(({ scope }) => keep(scope))
  })
  return { state, failures, isBusy, start, stop, present }
}

function hasPush(): boolean {
  return 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window
}

/** Apple's browsers take the subscription away from a page that shows nothing for a message. */
function bearsSilence(): boolean {
  return !navigator.vendor.startsWith('Apple')
}

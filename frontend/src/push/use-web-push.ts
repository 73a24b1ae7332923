// Whether this device is told while the page is closed, and changing that. The browser knows whether it is subscribed;
// the hub is told each time the page is opened, so that whatever either has lost heals.
import { ref, watch, type Ref } from 'vue'
import { ApiError } from '../api/calls'
import type { PushApi } from '../api/push-api'
import { hubKey } from '../api/storage-key'
import { usePreferences } from '../composables/preferences'
import { useStored } from '../composables/use-stored'
import { saveForWorker } from './preferences-for-worker'

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
  start(): Promise<void>
  stop(): Promise<void>
  /** Shows a banner as the service worker does; `false`: the page has to do it by itself. */
  present(title: string, options: NotificationOptions): Promise<boolean>
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

  async function tell(subscription: PushSubscription, mayAsk: boolean): Promise<void> {
    const { endpoint, keys } = subscription.toJSON()
    const { p256dh = '', auth = '' } = keys ?? {}
    const wanted = { failures: failures.value, withdrawals: bearsSilence() }
    id = await api.subscribe(
      { endpoint: endpoint ?? '', keys: { p256dh, auth }, ...wanted },
      mayAsk,
    )
  }

  async function subscribe(
    registration: ServiceWorkerRegistration,
    key: string,
    mayAsk: boolean,
  ): Promise<void> {
    const options = { userVisibleOnly: true, applicationServerKey: key }
    const subscription = await registration.pushManager.subscribe(options)
    try {
      await tell(subscription, mayAsk)
    } catch (error) {
      await subscription.unsubscribe()
      throw error
    }
    await saveForWorker(registration.scope, attention.value)
    state.value = 'active'
  }

  /** What the browser has is told to the hub once more; one that is bound to another key is made anew. */
  async function look(): Promise<void> {
    const registration = await registered()
    const subscription = await registration.pushManager.getSubscription()
    if (!subscription) {
      state.value = Notification.permission === 'denied' ? 'denied' : 'inactive'
      return
    }
    state.value = 'active'
    await saveForWorker(registration.scope, attention.value)
    const key = await api.key()
    if (asText(subscription.options.applicationServerKey) === key) {
      await tell(subscription, false)
    } else {
      await subscription.unsubscribe()
      await subscribe(registration, key, false)
    }
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
      if (registration) await subscribe(registration, await api.key(), true)
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
  watch(attention, (changed) => {
    if (state.value !== 'active') return
    void registered().then(({ scope }) => saveForWorker(scope, changed))
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

function asText(key: ArrayBuffer | null): string {
  const bytes = String.fromCharCode(...new Uint8Array(key ?? new ArrayBuffer(0)))
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

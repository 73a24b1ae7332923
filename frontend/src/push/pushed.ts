// What the service worker does with a pushed message: shows it, unless the page is there to show it, or takes it away.
import { callFor } from '../feed/attention'
import { bannerOf, type BannerData } from '../feed/banner'
import { loadInWorker } from './kept-for-worker'
import { openMark, parsePushed, type Pushed, type PushedCard, type WorkerToPage } from './messages'

/** A page that is frozen answers nothing. */
const answerMs = 500

const productName = 'NotifyHub'

export async function showPushed(
  worker: ServiceWorkerGlobalScope,
  data: PushMessageData | null,
): Promise<void> {
  const pushed = parsePushed(data?.text() ?? '')
  if (!pushed) return
  const { registration } = worker
  const shown = await registration.getNotifications()
  if (pushed.type === 'close') {
    for (const banner of shown) if (dataOf(banner)?.id === pushed.id) banner.close()
    return
  }
  const pages = await pagesOf(worker)
  // Somebody who sees the page sees it there.
  if (pages.some(({ visibilityState }) => visibilityState === 'visible')) return
  const { title, body, tag } = bannerOf(asNotification(pushed), { productName })
  const icon = new URL('icons/icon-192.png', registration.scope).href
  const its: BannerData = { id: pushed.id, about: pushed.about }
  await registration.showNotification(title, {
    body,
    icon,
    tag,
    silent: (await isQuiet(registration.scope, pushed)) || (await anySounds(pages)),
    requireInteraction: pushed.state === 'waiting',
    data: its,
  })
  for (const banner of shown) {
    const { about, id } = dataOf(banner) ?? {}
    if (about === pushed.about && id !== pushed.id) banner.close()
  }
}

/** Goes to the page, opens it if need be, and there to the notification. */
export async function openFromBanner(
  worker: ServiceWorkerGlobalScope,
  banner: Notification,
): Promise<void> {
  const id = dataOf(banner)?.id ?? ''
  const pages = await pagesOf(worker)
  const page = pages.find(({ focused }) => focused) ?? pages[0]
  if (!page) {
    const address = worker.registration.scope + openMark + encodeURIComponent(id)
    await worker.clients.openWindow(address)
    return
  }
  page.postMessage({ type: 'open', id } satisfies WorkerToPage)
  await page.focus()
}

function dataOf({ data }: Notification): BannerData | undefined {
  const { id, about } = (data ?? {}) as Partial<BannerData>
  return typeof id === 'string' && typeof about === 'string' ? { id, about } : undefined
}

/** `about` stands for source and key, which the page's banners are made of. */
function asNotification({ id, about, ...card }: PushedCard) {
  const start = `${card.source ?? ''}/`
  const key = about !== id && about.startsWith(start) ? about.slice(start.length) : undefined
  return { ...card, id, key, timestamp: '' }
}

async function pagesOf({ clients, registration }: ServiceWorkerGlobalScope) {
  const all = await clients.matchAll({ type: 'window', includeUncontrolled: true })
  // The documentation lives below the page, and shows nothing.
  return all.filter(({ url }) => {
    const { origin, pathname } = new URL(url)
    return origin + pathname === registration.scope
  })
}

/** Its project is muted, or these are quiet hours: browsers insist that something is shown, but not that it sounds. */
async function isQuiet(scope: string, card: Extract<Pushed, { type: 'show' }>): Promise<boolean> {
  const { attention } = await loadInWorker(scope)
  const nowMs = Date.now()
  return callFor(asNotification(card), attention, { isFocused: false, nowMs }).signal === 'off'
}

async function anySounds(pages: readonly WindowClient[]): Promise<boolean> {
  const answers = pages.map(
    (page) =>
      new Promise<boolean>((resolve) => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = ({ data }) => resolve(data === true)
        setTimeout(() => resolve(false), answerMs)
        page.postMessage({ type: 'sounds?' } satisfies WorkerToPage, [port2])
      }),
  )
  return (await Promise.all(answers)).includes(true)
}

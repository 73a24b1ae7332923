// The service worker: what stays behind in the browser when the page is closed. Only wiring: the files of the page are
// shell.ts's, pushed messages push/pushed.ts's.
import { openFromBanner, showPushed } from '../push/pushed'
import { renewSubscription } from '../push/renewal'
import { Shell, type ShellFiles } from './shell'

declare const self: ServiceWorkerGlobalScope
/** Written by the build. */
declare const __SHELL__: ShellFiles

const { registration } = self
const shell = new Shell(__SHELL__, {
  scope: registration.scope,
  caches: self.caches,
  fetch: (request, init) => fetch(request, init),
  after: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
})

/** The Service Worker specification's static routes; not every browser has them, and TypeScript does not know them. */
interface Routing {
  addRoutes?: (rule: { condition: { urlPattern: string }; source: 'network' }) => Promise<void>
}

self.addEventListener('install', (event) => {
  // Past this worker, for which it has no answer anyway: what a page asks for while it is closed, as what it has deleted,
  // would be lost on the way back from here.
  const routing = event as ExtendableEvent & Routing
  event.waitUntil(
    Promise.resolve(
      routing.addRoutes?.({ condition: { urlPattern: 'api/*' }, source: 'network' }),
    ).catch(() => undefined),
  )
  // A page of the version before goes on with what it has loaded.
  event.waitUntil(shell.install().then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  const begin = async () => {
    await shell.tidy()
    await self.clients.claim()
  }
  event.waitUntil(begin())
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  if (shell.isFile(request)) {
    event.respondWith(shell.file(request))
  } else if (shell.isPage(request)) {
    // Not by navigation preload, which would save this worker's start: in Firefox one that fails ends the navigation,
    // whatever is answered here.
    const network = fetch(request)
    event.respondWith(shell.page(network))
    event.waitUntil(network.then(goIfUnwanted, () => undefined))
  }
})

/** A hub that serves no service worker any more is not to be left with one. */
async function goIfUnwanted({ ok }: Response): Promise<void> {
  if (!ok) return
  const script = await fetch(self.location.href, { method: 'HEAD', cache: 'no-store' })
  if (script.status !== 404) return
  await shell.forget()
  await registration.unregister()
}

self.addEventListener('push', (event) => {
  event.waitUntil(showPushed(self, event.data))
})

self.addEventListener('pushsubscriptionchange', (event) => {
  event.waitUntil(renewSubscription(registration))
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(openFromBanner(self, event.notification))
})

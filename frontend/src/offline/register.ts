// The page's end of its service worker. Only in a secure context: browsers know none elsewhere.

/** To be called once the page shows something: the worker takes the processor, and asks for every file once more. */
export function registerServiceWorker(): void {
  // The development server has none.
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  // One that is there looks for newer ones by itself; and to register it would keep it from going.
  if (navigator.serviceWorker.controller) return
  const script = new URL('service-worker.js', document.baseURI)
  // When what is to be drawn is drawn. A hub that serves none says 404.
  requestAnimationFrame(() =>
    setTimeout(() =>
      navigator.serviceWorker.register(script, { updateViaCache: 'none' }).catch(() => undefined),
    ),
  )
}

// The page's end of its service worker. Only in a secure context: browsers know none elsewhere.

export function registerServiceWorker(): void {
  // The development server has none.
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  const register = () => {
    // One that is there looks for newer ones by itself; and to register it would keep it from going.
    if (navigator.serviceWorker.controller) return
    const script = new URL('service-worker.js', document.baseURI)
    // A hub that serves none says 404.
    navigator.serviceWorker.register(script, { updateViaCache: 'none' }).catch(() => undefined)
  }
  // The page comes first.
  if (document.readyState === 'complete') register()
  else window.addEventListener('load', register, { once: true })
}

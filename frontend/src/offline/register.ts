// The page's end of its service worker. Only in a secure context: browsers know none elsewhere.

export function registerServiceWorker(): void {
  // The development server has none.
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  const register = () => {
    const script = new URL('service-worker.js', document.baseURI)
    // A hub that serves none says 404; where one is left, it goes by itself.
    navigator.serviceWorker.register(script, { updateViaCache: 'none' }).catch(() => undefined)
  }
  // The page comes first.
  if (document.readyState === 'complete') register()
  else window.addEventListener('load', register, { once: true })
}

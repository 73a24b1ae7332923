// The names under which this page keeps things in the browser. Several hubs can live under the paths of one
// origin, and must not find each other's.

/** For what belongs to this hub; preferences belong to the person and are shared by all hubs of an origin. */
export function hubKey(name: string): string {
  const path = typeof document === 'undefined' ? '/' : new URL('.', document.baseURI).pathname
  return path === '/' ? `notifyhub.${name}` : `notifyhub.${name}:${path}`
}

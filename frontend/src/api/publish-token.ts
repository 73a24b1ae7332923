// The hub's publish token, where it takes one, as this browser keeps it. Only this hub's own pages can read it.
import { hubKey } from './storage-key'

const storageKey = () => hubKey('publish-token')

export function loadPublishToken(): string | undefined {
  try {
    return localStorage.getItem(storageKey()) ?? undefined
  } catch {
    return undefined
  }
}

export function savePublishToken(token: string): void {
  try {
    localStorage.setItem(storageKey(), token)
  } catch {
    // A browser that stores nothing asks again the next time.
  }
}

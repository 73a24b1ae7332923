// Where tabs have no shared worker to pick one of them, the first to claim an alert rings and the others
// stay silent. A claim is one entry in the storage that all tabs share.

const storageKey = 'notifyhub.rang'
/** Hidden tabs let a visible one go first; the spread keeps them from claiming in the same instant. */
const hiddenDelayMs = 40
const hiddenSpreadMs = 160

export async function claimRing(notificationId: string): Promise<boolean> {
  if (document.hidden) {
    const delayMs = hiddenDelayMs + Math.random() * hiddenSpreadMs
    await new Promise((resolve) => setTimeout(resolve, delayMs))
  }
  try {
    if (localStorage.getItem(storageKey) === notificationId) return false
    localStorage.setItem(storageKey, notificationId)
    return true
  } catch {
    // Without storage nobody can be asked; better twice than never.
    return true
  }
}

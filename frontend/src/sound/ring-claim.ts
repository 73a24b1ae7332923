// Two hosts of the stream can live in one browser: the worker of an old version of the page beside that of the new one,
// or a tab that had to help itself. Each wants to ring for the same notification; the first to claim it does.
import { hubKey } from '../api/storage-key'

/** What is claimed so shortly after a ring is the same burst, seen by another host. */
export const sameBurstMs = 1_500

/** What one process of the browser writes to its storage, another may read only so much later. */
const writtenMs = 200

export interface RingClaim {
  newestId: string
  /** The higher, the graver. */
  gravity: number
  /** It has rung before, and may again. */
  isReminder: boolean
}

export interface Rung {
  newestId: string
  gravity: number
  atMs: number
}

/** Whether the claim is granted, after what rang last. */
export function mayRing(claim: RingClaim, last: Rung | undefined, nowMs: number): boolean {
  if (!last || claim.gravity > last.gravity) return true
  if (nowMs - last.atMs < sameBurstMs && nowMs >= last.atMs) return false
  return claim.isReminder || claim.newestId > last.newestId
}

export async function claimRing(claim: RingClaim): Promise<boolean> {
  // Only one tab at a time may look and write; where there are no locks, the odds have to do.
  if (!navigator.locks) return claimNow(claim)
  return new Promise((resolve, reject) => {
    const decide = async () => {
      const rings = claimNow(claim)
      resolve(rings)
      if (rings) await new Promise((written) => setTimeout(written, writtenMs))
    }
    navigator.locks.request(hubKey('ring'), decide).catch(reject)
  })
}

function claimNow(claim: RingClaim): boolean {
  const key = hubKey('rang')
  const nowMs = Date.now()
  try {
    const last = JSON.parse(localStorage.getItem(key) ?? 'null') as Rung | null
    const rings = mayRing(claim, last ?? undefined, nowMs)
    const newestId = last && last.newestId > claim.newestId ? last.newestId : claim.newestId
    if (rings) {
      const rung: Rung = { newestId, gravity: claim.gravity, atMs: nowMs }
      localStorage.setItem(key, JSON.stringify(rung))
    }
    return rings
  } catch {
    // Without storage nobody can be asked; better twice than never.
    return true
  }
}

// Two hosts of the stream can live in one browser: the worker of an old version of the page beside that of the new one,
// or a tab that had to help itself. Each wants to ring for the same notification; the first to claim it does.
import { hubKey } from '../api/storage-key'

/** What is claimed so shortly after a ring is the same burst, seen by another host. */
export const sameBurstMs = 1_500

/** What one process of the browser writes to its storage, another may read only so much later. */
const writtenMs = 200

/** How long a tab that has no locks listens whether another one has claimed before. */
const heardMs = 250

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
  // Only one tab at a time may look and write.
  if (!navigator.locks) return claimInTurn(claim)
  return new Promise((resolve, reject) => {
    const decide = async () => {
      const rings = claimNow(claim)
      resolve(rings)
      if (rings) await pause(writtenMs)
    }
    navigator.locks.request(hubKey('ring'), decide).catch(reject)
  })
}

/** When a tab has claimed; two at the same time are told apart by chance. */
type Turn = [atMs: number, lot: number]

const turns =
  typeof navigator === 'undefined' || navigator.locks
    ? undefined
    : new BroadcastChannel(hubKey('ring'))
/** Of other tabs. */
let heard: Turn[] = []
turns?.addEventListener('message', ({ data }: MessageEvent<Turn>) => {
  heard = [...heard.slice(-9), data]
})

/** Without locks whoever claims first rings, and the others look once it has written that. */
async function claimInTurn(claim: RingClaim): Promise<boolean> {
  const own: Turn = [Date.now(), Math.random()]
  turns?.postMessage(own)
  await pause(heardMs)
  heard = heard.filter(([atMs]) => own[0] - atMs < sameBurstMs)
  if (heard.some(([atMs, lot]) => atMs < own[0] || (atMs === own[0] && lot < own[1]))) {
    await pause(writtenMs)
  }
  return claimNow(claim)
}

const pause = (ms: number) => new Promise((over) => setTimeout(over, ms))

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

// What was read: up to the hub's mark, which all devices share, and what this browser's person has looked at since.
// The mark moves as far as everything before it was looked at.
import { stateOf } from '../feed/states'
import type { FeedView } from '../feed/feed-view'
import type { StreamEnvironment } from './environment'
import type { ReadState } from './tab-messages'

/** Looking through a list is one mark, not one each. */
export const markDelayMs = 1_000
const maxSeen = 1_000

export interface ReadMarksOptions {
  environment: StreamEnvironment
  view: () => FeedView
  /** Tells the hub, and with it every other device. */
  mark: (through: string) => void
  onChange: (read: ReadState) => void
}

export class ReadMarks {
  private through: string | undefined
  private seen = new Set<string>()
  private timer: number | undefined

  constructor(private readonly options: ReadMarksOptions) {}

  get state(): ReadState {
    return { through: this.through, seen: [...this.seen] }
  }

  /** The first view of a hub that has no mark: nobody could have read what was there before there was a page. */
  begin(): void {
    const newest = this.options.view().list[0]?.id
    if (this.through === undefined && newest) this.move(newest)
  }

  /** The hub says so. */
  take(through: string): void {
    this.move(through)
  }

  look(ids: readonly string[]): void {
    const { through } = this
    const fresh = ids.filter((id) => !this.seen.has(id) && !(through && id <= through))
    if (fresh.length === 0) return
    this.seen = new Set([...this.seen, ...fresh].slice(-maxSeen))
    const reached = this.reached()
    if (reached) this.moveAndTell(reached)
    else this.options.onChange(this.state)
  }

  /** A person has done with all up to this one. */
  lookThrough(id: string): void {
    if (!this.through || id > this.through) this.moveAndTell(id)
  }

  /** The newest that has nothing unread before it. */
  private reached(): string | undefined {
    const { list, floor } = this.options.view()
    const { through } = this
    // What lies below the floor is not known here, and may be unread.
    if (floor !== undefined && (through === undefined || through < floor)) return undefined
    let reached: string | undefined
    for (const notification of [...list].reverse()) {
      const { id } = notification
      if (through !== undefined && id <= through) continue
      if (!this.seen.has(id) && stateOf(notification) !== 'running') break
      reached = id
    }
    return reached
  }

  private moveAndTell(through: string): void {
    this.move(through)
    this.timer ??= this.options.environment.setTimer(() => {
      this.timer = undefined
      if (this.through) this.options.mark(this.through)
    }, markDelayMs)
  }

  private move(through: string): void {
    if (this.through !== undefined && through <= this.through) return
    this.through = through
    this.seen = new Set([...this.seen].filter((id) => id > through))
    this.options.onChange(this.state)
  }
}

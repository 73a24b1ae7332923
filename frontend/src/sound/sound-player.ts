// Plays the chimes through Web Audio and finds out whether the browser lets it: before a first click or
// key most do not. Knows no Vue, no settings and no notifications.
import type { AlertSound } from '../feed/alert-sound'
import { synthesize } from './chime'

/** An idle audio context still costs power, on a page that is open all day. */
const suspendAfterMs = 4_000
const resumeTimeoutMs = 300

export class SoundPlayer {
  private context: AudioContext | undefined
  private readonly buffers = new Map<AlertSound, AudioBuffer>()
  private suspendTimer: ReturnType<typeof setTimeout> | undefined
  private allowed = false

  /** `onAllowed` is called once, when sounds work for the first time. */
  constructor(private readonly onAllowed: () => void) {}

  get isAllowed(): boolean {
    return this.allowed
  }

  /** Tries whether sounds work; to be called on load and from within each click until they do. */
  async unlock(): Promise<boolean> {
    if (this.allowed) return true
    if (!(await this.resume())) return false
    this.suspendSoon()
    return true
  }

  /** Resolves to whether it could be heard; `volume` is 0 to 1. */
  async play(sound: AlertSound, volume: number): Promise<boolean> {
    if (!(await this.resume())) return false
    const context = this.context!
    const source = context.createBufferSource()
    source.buffer = this.bufferOf(sound, context)
    const gain = context.createGain()
    // The ear hears in ratios: with the square the middle of the slider sounds like half.
    gain.gain.value = volume * volume
    source.connect(gain).connect(context.destination)
    source.start()
    this.suspendSoon()
    return true
  }

  private async resume(): Promise<boolean> {
    clearTimeout(this.suspendTimer)
    try {
      this.context ??= new AudioContext()
      const context = this.context
      if (context.state !== 'running') {
        // Where sound is blocked this promise stays pending until a click, so it is not waited for.
        const timeout = new Promise((resolve) => setTimeout(resolve, resumeTimeoutMs))
        await Promise.race([context.resume(), timeout])
      }
      if ((context.state as AudioContextState) !== 'running') return false
      if (!this.allowed) {
        this.allowed = true
        this.onAllowed()
      }
      return true
    } catch {
      return false
    }
  }

  private bufferOf(sound: AlertSound, context: AudioContext): AudioBuffer {
    const known = this.buffers.get(sound)
    if (known) return known
    const samples = synthesize(sound, context.sampleRate)
    const buffer = context.createBuffer(1, samples.length, context.sampleRate)
    buffer.copyToChannel(samples, 0)
    this.buffers.set(sound, buffer)
    return buffer
  }

  private suspendSoon(): void {
    clearTimeout(this.suspendTimer)
    this.suspendTimer = setTimeout(() => void this.context?.suspend(), suspendAfterMs)
  }
}

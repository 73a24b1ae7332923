// Plays the sounds through Web Audio and finds out whether the browser lets it: before a first click or
// key most do not, and some take it back later. Knows no Vue, no settings and no notifications.
import type { SoundName } from '../feed/attention'
import { synthesize } from './chime'

/** An idle audio context still costs power, on a page that is open all day. */
const suspendAfterMs = 4_000
/** Whether sounds are allowed shows at once. */
const tryTimeoutMs = 300
/** A device that wakes up, or a machine that is busy, may take its time; longer than this is never. */
const resumeTimeoutMs = 5_000

export class SoundPlayer {
  private context: AudioContext | undefined
  private readonly buffers = new Map<SoundName, AudioBuffer>()
  private suspendTimer: ReturnType<typeof setTimeout> | undefined
  private allowed = false
  private playing = 0

  /** `onAllowed` is told when sounds begin to work, and when they no longer do. */
  constructor(private readonly onAllowed: (allowed: boolean) => void) {}

  /** Tries whether sounds work; to be called on load and from within each click until they do. */
  async unlock(): Promise<boolean> {
    return this.allowed || this.tryToResume()
  }

  /**
   * Whether it can be heard; `volume` is 0 to 1. Where sounds have worked before, it is not waited for: what is started
   * now is heard as soon as the device is awake. `begin` is asked last: it may still say no.
   */
  async play(
    sound: SoundName,
    volume: number,
    begin: () => boolean | Promise<boolean> = () => true,
  ): Promise<boolean> {
    if (!this.allowed && !(await this.tryToResume())) return false
    if (!(await begin())) return true
    const context = this.context!
    clearTimeout(this.suspendTimer)
    this.playing += 1
    const source = context.createBufferSource()
    source.buffer = this.bufferOf(sound, context)
    const gain = context.createGain()
    // The ear hears in ratios: with the square the middle of the slider sounds like half.
    gain.gain.value = volume * volume
    source.connect(gain).connect(context.destination)
    source.addEventListener('ended', () => {
      this.playing -= 1
      this.suspendSoon()
    })
    source.start()
    if (context.state !== 'running') void this.resumeOrGiveUp(context)
    return true
  }

  private async tryToResume(): Promise<boolean> {
    try {
      const context = (this.context ??= this.newContext())
      // Where sound is blocked this promise stays pending until a click, so it is not waited for.
      if (context.state !== 'running') await withTimeout(context.resume(), tryTimeoutMs)
      if (!isRunning(context)) return false
      this.isAwake()
      return true
    } catch {
      return false
    }
  }

  private newContext(): AudioContext {
    const context = new AudioContext()
    // A device may be awake only when nobody waits for it any more.
    context.addEventListener('statechange', () => {
      if (isRunning(context)) this.isAwake()
    })
    return context
  }

  private isAwake(): void {
    this.setAllowed(true)
    this.suspendSoon()
  }

  private async resumeOrGiveUp(context: AudioContext): Promise<void> {
    try {
      await withTimeout(context.resume(), resumeTimeoutMs)
    } catch {
      // The same as a context that does not run.
    }
    // The device is gone, or the system took the sound away: whoever decides about tabs should know.
    if (!isRunning(context)) {
      this.playing = 0
      this.setAllowed(false)
    }
  }

  private setAllowed(allowed: boolean): void {
    if (allowed === this.allowed) return
    this.allowed = allowed
    this.onAllowed(allowed)
  }

  private bufferOf(sound: SoundName, context: AudioContext): AudioBuffer {
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
    if (this.playing > 0) return
    this.suspendTimer = setTimeout(() => void this.context?.suspend(), suspendAfterMs)
  }
}

function isRunning(context: AudioContext): boolean {
  return context.state === 'running'
}

function withTimeout(promise: Promise<void>, ms: number): Promise<void> {
  return Promise.race([promise, new Promise<void>((resolve) => setTimeout(resolve, ms))])
}

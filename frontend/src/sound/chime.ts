// The sounds of the page, computed from scratch: a tick, a soft rising chime, a question, and a lower, darker alarm. Pure arithmetic on samples; who plays them, and when, is not decided here.
import type { SoundName } from '../feed/attention'

interface Tone {
  frequencyHz: number
  startS: number
  loudness: number
}

interface Sound {
  /** Against the others: 1 is full. */
  level: number
  durationS: number
  decayS: number
  tones: Tone[]
}

const sounds: Record<SoundName, Sound> = {
  // A short tap, 18 dB below the rest: one hears that something came, and goes on.
  tick: {
    level: 0.126,
    durationS: 0.09,
    decayS: 0.02,
    tones: [{ frequencyHz: 1_760, startS: 0, loudness: 1 }],
  },
  // E5 and A5, a fourth upwards, twice: the melody of a question.
  ask: {
    level: 1,
    durationS: 1.3,
    decayS: 0.18,
    tones: [
      { frequencyHz: 659.26, startS: 0, loudness: 0.8 },
      { frequencyHz: 880, startS: 0.12, loudness: 1 },
      { frequencyHz: 659.26, startS: 0.5, loudness: 0.8 },
      { frequencyHz: 880, startS: 0.62, loudness: 1 },
    ],
  },
  // E5 and B5, a fifth upwards: short, friendly, hard to mistake for speech.
  chime: {
    level: 1,
    durationS: 0.9,
    decayS: 0.2,
    tones: [
      { frequencyHz: 659.26, startS: 0, loudness: 0.8 },
      { frequencyHz: 987.77, startS: 0.11, loudness: 1 },
    ],
  },
  // G4, then E flat 4 twice, a third downwards: it asks to be looked at without frightening anyone.
  alarm: {
    level: 1,
    durationS: 1.2,
    decayS: 0.24,
    tones: [
      { frequencyHz: 392, startS: 0, loudness: 1 },
      { frequencyHz: 311.13, startS: 0.16, loudness: 1 },
      { frequencyHz: 311.13, startS: 0.4, loudness: 0.85 },
    ],
  },
}

/** Partials of a struck bar: the upper ones are faint and die sooner, which is what makes it soft. */
const partials = [
  { ratio: 1, loudness: 1, decay: 1 },
  { ratio: 2, loudness: 0.22, decay: 0.6 },
  { ratio: 3.01, loudness: 0.1, decay: 0.35 },
]
const attackS = 0.008
const releaseS = 0.05
const peak = 0.8

/** One channel of samples between -1 and 1 that starts and ends in silence. */
export function synthesize(name: SoundName, sampleRate: number): Float32Array<ArrayBuffer> {
  const { level, durationS, decayS, tones } = sounds[name]
  const samples = new Float32Array(Math.round(durationS * sampleRate))
  for (const { frequencyHz, startS, loudness } of tones) {
    const first = Math.round(startS * sampleRate)
    for (let index = first; index < samples.length; index++) {
      const timeS = (index - first) / sampleRate
      const attack = Math.min(1, timeS / attackS)
      let value = 0
      for (const partial of partials) {
        const decay = Math.exp(-timeS / (decayS * partial.decay))
        value +=
          partial.loudness * decay * Math.sin(2 * Math.PI * frequencyHz * partial.ratio * timeS)
      }
      samples[index]! += loudness * attack * value
    }
  }
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
  const releaseSamples = releaseS * sampleRate
  return samples.map((sample, index) => {
    const release = Math.min(1, (samples.length - 1 - index) / releaseSamples)
    return (sample / loudest) * peak * level * release
  })
}

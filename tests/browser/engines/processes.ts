// Programs that browsers need beside them, each in a folder of its own: started, ended by their process id, and ended
// by the system should the runner die.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const startTimeoutMs = 20_000

export interface Program {
  /** What `ready` found in what the program printed. */
  readonly printed: string
  end(): Promise<void>
}

export interface StartOptions {
  environment?: NodeJS.ProcessEnv
  /** What it prints, anywhere, when it is ready, and in it what one has to know; what prints nothing is started at once. */
  ready?: RegExp
}

export async function start(
  command: string,
  parameters: string[],
  { environment, ready = /^/ }: StartOptions,
): Promise<Program> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: environment,
  })
  try {
    const printed = await waitFor(child, command, ready)
    return { printed, end: () => end(child) }
  } catch (error) {
    await end(child)
    throw error
  }
}

function waitFor(child: ChildProcess, command: string, ready: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = ''
    const look = () => {
      const found = ready.exec(printed)
      if (!found) return
      clearTimeout(timer)
      resolve(found[1] ?? '')
    }
    const fail = (what: string) => reject(new Error(`${command} ${what}: ${printed}`))
    const timer = setTimeout(() => fail('said nothing of being ready'), startTimeoutMs)
    for (const output of child.stdio.slice(1)) {
      output!.on('data', (data: Buffer) => {
        // What comes later is read too, so that the program never waits, and is forgotten.
        if (printed.length < 100_000) printed += data.toString()
        look()
      })
    }
    child.once('spawn', look)
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code, signal) => fail(`ended with ${code ?? signal}`))
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

export interface Folder {
  readonly path: string
  remove(): Promise<void>
}

/** Of this user alone, as programs want it that keep sockets there. */
export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'notifyhub-engine-'))
  // The last processes of a browser that was ended may still be writing.
  const options = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }
  return { path, remove: () => rm(path, options) }
}

/** The same environment, with a home and all that belongs there in this folder, and no desktop to talk to. */
export function environmentIn(folder: string, values: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: folder,
    PULSE_SERVER: `unix:${loudspeakerIn(folder)}`,
    ...values,
  }
  const folders = ['XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME', 'XDG_RUNTIME_DIR']
  for (const name of folders) environment[name] = folder
  for (const name of ['WAYLAND_DISPLAY', 'DBUS_SESSION_BUS_ADDRESS']) delete environment[name]
  return environment
}

/** Waits until something answers there. */
export async function answering(url: string): Promise<void> {
  const end = Date.now() + startTimeoutMs
  for (;;) {
    const answer = await fetch(url).catch((error: Error) => error)
    if (answer instanceof Response) return
    if (Date.now() > end) throw answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const loudspeakerIn = (folder: string) => join(folder, 'loudspeaker')

/** A loudspeaker that nobody hears: without any, Firefox and WebKit keep Web Audio waiting for ever. */
export function startSilentLoudspeaker(folder: string): Promise<Program> {
  const socket = loudspeakerIn(folder)
  const modules = [
    'module-null-sink',
    `module-native-protocol-unix socket=${socket} auth-anonymous=1`,
  ]
  const options = ['-n', '--daemonize=no', '--use-pid-file=no', '--exit-idle-time=-1']
  return start(
    'pulseaudio',
    [
      ...[...options, '--high-priority=no', '--realtime=no', '--log-level=info'],
      ...modules.flatMap((module) => ['-L', module]),
    ],
    { environment: environmentIn(folder), ready: /Loaded "module-native-protocol-unix"/ },
  )
}

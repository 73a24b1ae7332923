// A Vite plugin that builds the service worker beside the page: one file without a hash in its name, for its address is
// what browsers know it by, with the list of the files that make this version of the page.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'vite'

/** What the page needs besides its assets. */
const others = ['favicon.svg', 'manifest.webmanifest', 'icons/icon-192.png']

export function serviceWorker(entry: string): Plugin {
  let root = ''
  let folder = ''
  return {
    name: 'service-worker',
    apply: 'build',
    configResolved(config) {
      root = config.root
      folder = join(config.root, config.build.outDir)
    },
    // Before closeBundle, where everything is compressed.
    async writeBundle() {
      const assets = readdirSync(join(folder, 'assets')).map((name) => `assets/${name}`)
      const files = [...assets, ...others].sort()
      const hash = createHash('sha256')
      for (const file of ['index.html', ...files]) hash.update(readFileSync(join(folder, file)))
      const shell = { version: hash.digest('hex').slice(0, 16), files }
      await build({
        root,
        configFile: false,
        publicDir: false,
        logLevel: 'warn',
        define: { __SHELL__: JSON.stringify(shell) },
        build: {
          target: 'es2022',
          outDir: folder,
          emptyOutDir: false,
          rollupOptions: {
            input: join(root, entry),
            // No module: not every browser takes one for a service worker.
            output: { format: 'iife', entryFileNames: 'service-worker.js' },
          },
        },
      })
    },
  }
}

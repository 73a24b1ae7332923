// A Vite plugin that writes NAME.br and NAME.gz beside every compressible file of the build. The server
// only picks one of them by Accept-Encoding, so that no request ever pays for compression.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

const compressible = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt'])

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? filesBelow(path) : [path]
  })
}

export function precompress(): Plugin {
  let folder = ''
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir)
    },
    // After everything is on the disk, files of public/ included, which never pass through the bundle.
    closeBundle() {
      for (const path of filesBelow(folder)) {
        if (!compressible.has(extname(path))) continue
        const content = readFileSync(path)
        const brotli = brotliCompressSync(content, {
          params: {
            [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
            [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
          },
        })
        const gzip = gzipSync(content, { level: 9 })
        // A compressed file that is no smaller would only cost the browser time.
        if (brotli.length < content.length) writeFileSync(`${path}.br`, brotli)
        if (gzip.length < content.length) writeFileSync(`${path}.gz`, gzip)
      }
    },
  }
}

// How the page is built: relative addresses, so that it works under a sub-path behind a proxy; hashed
// names under assets/, so that the server can call them immutable; and a .br and .gz beside each file.
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { precompress } from './scripts/precompress.ts'
import { serviceWorker } from './scripts/service-worker.ts'
import { scaleWithText, withoutUnused } from './scripts/styles.ts'

const server = process.env.NOTIFYHUB_SERVER ?? 'http://127.0.0.1:9080'

export default defineConfig({
  base: './',
  plugins: [vue(), serviceWorker('src/offline/service-worker.ts'), precompress()],
  build: {
    target: 'es2022',
    // A data: URL would be repeated in every file that names it, and could not be cached by itself.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
  },
  css: {
    postcss: { plugins: [scaleWithText, withoutUnused] },
    preprocessorOptions: {
      scss: {
        // Bootstrap 5.3 is written for Sass's old module system; these warnings are not ours to fix.
        quietDeps: true,
        silenceDeprecations: ['import', 'global-builtin', 'color-functions', 'if-function'],
      },
    },
  },
  server: {
    proxy: {
      '/events': server,
      '/api': server,
    },
  },
  test: {
    include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
    environment: 'node',
  },
})

// The lint rules of the page. Layout is Prettier's business and must not be ruled on here.
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import typescript from 'typescript-eslint'

/** Plain logic: what is reactive lives in composables, and what is above is not to be known. */
function layer(files: string, unknownFolders: string[]) {
  const folders = ['components', 'composables', ...unknownFolders]
  const group = folders.flatMap((folder) => [`../${folder}`, `../${folder}/*`])
  const restriction: ['error', object] = ['error', { paths: ['vue'], patterns: [{ group }] }]
  return { files: [files], rules: { 'no-restricted-imports': restriction } }
}

export default typescript.config(
  { ignores: ['dist', 'src/api/generated'] },
  typescript.configs.recommendedTypeChecked,
  vue.configs['flat/essential'],
  {
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: {
        parser: typescript.parser,
        project: ['tsconfig.json', 'tsconfig.workers.json', 'tsconfig.node.json'],
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    rules: {
      // The text of a notification is written by strangers: markup must never come from a string.
      'vue/no-v-html': 'error',
      // All words come from src/texts.
      'vue/no-bare-strings-in-template': 'error',
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      eqeqeq: 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // As a property it can be taken out of its object, as they are here.
      '@typescript-eslint/method-signature-style': 'error',
      'no-console': 'error',
    },
  },
  // The arrows of README.md: each folder may use those below it, none above.
  layer('src/api/**', ['feed', 'sound', 'stream', 'texts']),
  layer('src/feed/**', ['sound', 'stream', 'texts', 'browser']),
  {
    // What can be said without a screen, is.
    files: ['src/feed/**', 'src/api/**'],
    ignores: ['src/api/storage-key.ts', 'src/api/publish-token.ts'],
    rules: {
      'no-restricted-globals': ['error', 'document', 'window', 'navigator', 'localStorage'],
    },
  },
  {
    files: ['src/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'setHTMLUnsafe', 'write'].map(
          (property) => ({ property, message: 'Text of strangers goes into text nodes only.' }),
        ),
      ],
    },
  },
  layer('src/sound/**', ['stream', 'texts']),
  // What runs in the service worker knows neither the page's state nor its words.
  ...['shell', 'service-worker'].map((file) =>
    layer(`src/offline/${file}.ts`, ['sound', 'stream', 'texts']),
  ),
  ...['pushed', 'messages', 'kept-for-worker', 'renewal', 'subscription'].map((file) =>
    layer(`src/push/${file}.ts`, ['sound', 'stream', 'texts']),
  ),
  layer('src/stream/**', ['sound', 'texts']),
  layer('src/texts/**', ['api', 'feed', 'sound', 'stream']),
  {
    files: ['src/composables/**', 'src/components/**', 'src/App.vue'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'EventSource', message: 'Only src/stream talks to the event stream.' },
        { name: 'SharedWorker', message: 'Only src/stream talks to the shared worker.' },
      ],
    },
  },
  { files: ['scripts/**'], rules: { 'no-console': 'off' } },
  // The one script that is no TypeScript.
  { files: ['scripts/*.mjs'], extends: [typescript.configs.disableTypeChecked] },
)

// The lint rules of the page. Layout is Prettier's business and must not be ruled on here.
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import typescript from 'typescript-eslint'

export default typescript.config(
  { ignores: ['dist', 'src/api/generated'] },
  typescript.configs.recommended,
  vue.configs['flat/essential'],
  {
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: { parser: typescript.parser },
    },
    rules: {
      // The text of a notification is written by strangers: markup must never come from a string.
      'vue/no-v-html': 'error',
      // All words come from src/texts.
      'vue/no-bare-strings-in-template': 'error',
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/stream/**', 'src/feed/**', 'src/sound/**', 'src/api/**', 'src/texts/**'],
    ignores: ['**/use-*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          name: 'vue',
          message: 'This folder holds plain logic; what is reactive lives in composables.',
        },
      ],
    },
  },
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
)

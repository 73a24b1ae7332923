// The lint rules of the browser tests: a promise that nobody waits for is a test that cannot fail.
import typescript from 'typescript-eslint'

export default typescript.config(
  { ignores: ['eslint.config.js', 'test-results', 'playwright-report'] },
  typescript.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Methods of browsers are taken from their prototypes here, and called on what they are of.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
)

// How the types of the API are made from the server's specification: types only, the few calls are
// written by hand in src/api/notification-api.ts.
import { defineConfig } from '@hey-api/openapi-ts'

export default defineConfig({
  input: '../openapi.json',
  output: {
    path: process.env.GENERATED_PATH ?? 'src/api/generated',
    header: ['// Written by openapi-ts from ../openapi.json; remake it with: npm run generate'],
  },
  plugins: ['@hey-api/typescript'],
})

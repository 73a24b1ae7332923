// What a component is to tools that do not read .vue files; vue-tsc does, and knows better.
declare module '*.vue' {
  import type { Component } from 'vue'
  const component: Component
  export default component
}

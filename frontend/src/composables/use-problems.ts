// Short messages about what went wrong, each shown for a while.
import { onScopeDispose, ref } from 'vue'

const shownForMs = 10_000

export function useProblems() {
  const problems = ref<{ key: number; text: string }[]>([])
  const timers = new Set<ReturnType<typeof setTimeout>>()
  let nextKey = 1

  function report(text: string): void {
    const key = nextKey++
    problems.value = [...problems.value.slice(-2), { key, text }]
    timers.add(setTimeout(() => dismiss(key), shownForMs))
  }

  function dismiss(key: number): void {
    problems.value = problems.value.filter((problem) => problem.key !== key)
  }

  onScopeDispose(() => timers.forEach(clearTimeout))
  return { problems, report, dismiss }
}

// Short messages about what went wrong. They stay until somebody has read them: not everybody reads fast.
import { ref } from 'vue'

const most = 3

export function useProblems() {
  const problems = ref<{ key: number; text: string }[]>([])
  let nextKey = 1

  function report(text: string): void {
    const key = nextKey++
    const others = problems.value.filter((problem) => problem.text !== text)
    problems.value = [...others.slice(1 - most), { key, text }]
  }

  function dismiss(key: number): void {
    problems.value = problems.value.filter((problem) => problem.key !== key)
  }

  return { problems, report, dismiss }
}

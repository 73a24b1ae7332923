// The publish token: asked for when the hub first refuses something for the want of it, and kept in this browser.
import { ref } from 'vue'
import { loadPublishToken, savePublishToken } from '../api/publish-token'

export interface TokenQuestion {
  /** The hub does not know the one it was shown. */
  wasWrong: boolean
  answer: (token: string | undefined) => void
}

export function usePublishToken(onChange: (token: string) => void) {
  const token = ref(loadPublishToken())
  const question = ref<TokenQuestion>()
  let asking: Promise<string | undefined> | undefined

  /** The person's answer; one question at a time, however many calls wait for it. */
  function ask(wasWrong: boolean): Promise<string | undefined> {
    asking ??= new Promise<string | undefined>((resolve) => {
      question.value = { wasWrong, answer: resolve }
    }).then((answer) => {
      asking = undefined
      question.value = undefined
      if (answer) {
        token.value = answer
        savePublishToken(answer)
        onChange(answer)
      }
      return answer
    })
    return asking
  }

  return { token, question, ask }
}

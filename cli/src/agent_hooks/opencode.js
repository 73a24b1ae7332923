// Reports OpenCode's sessions to NotifyHub; MARK.
import { spawn } from "node:child_process"

const told = [
  "session.idle",
  "session.error",
  "permission.asked",
  "permission.updated",
  "permission.replied",
  "question.asked",
  "question.replied",
  "question.rejected",
]

const report = (event) =>
  new Promise((resolve) => {
    const hook = spawn("sh", ["-c", `COMMAND`], { stdio: ["pipe", "ignore", "ignore"] })
    hook.on("error", resolve).on("close", resolve)
    hook.stdin.on("error", resolve)
    hook.stdin.end(JSON.stringify(event))
  })

export const NotifyHub = async ({ directory }) => {
  const agentsOfAgents = new Set()
  let before = Promise.resolve()
  return {
    event: async ({ event }) => {
      const properties = event.properties ?? {}
      if (properties.info?.parentID) agentsOfAgents.add(properties.info.id)
      if (!told.includes(event.type) || agentsOfAgents.has(properties.sessionID)) return
      const what = { ...properties, hook_event_name: event.type, session_id: properties.sessionID, cwd: directory }
      before = before.then(() => report(what))
      await before
    },
  }
}

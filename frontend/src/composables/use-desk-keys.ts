// The keys of the desk: which notification is meant, where the focus goes, and what happens to it.
import type { Ref } from 'vue'
import type { Notification } from '../api/notification'
import type { Desk } from '../feed/desk'
import { deskViews, type DeskView } from '../feed/feed-filter'
import { copyNotification, type CardActions } from './use-card-actions'
import { useShortcuts } from './use-shortcuts'

export interface DeskKeysOptions {
  enabled: Ref<boolean>
  desk: Ref<Desk>
  actions: CardActions
  /** The notification that the keys are about, if none has the focus. */
  selectedId: Ref<string | undefined>
  /** Puts the focus on a row or on one of the lane. */
  focus: (id: string) => void
  toggle: (id: string) => void
  chooseView: (view: DeskView) => void
  /** One of those that have a name, from 0 on. */
  chooseSaved: (index: number) => void
  pickProject: () => void
  toggleMuted: (project: string) => void
  focusSearch: () => void
  markAllSeen: () => void
  undo: () => void
  mute: () => void
  wall: () => void
  help: () => void
}

export function useDeskKeys(options: DeskKeysOptions): void {
  const { desk, actions, selectedId, focus } = options

  const order = () => [
    ...desk.value.needs.map(({ id }) => id),
    ...desk.value.rows.map(({ card }) => card.id),
  ]
  const currentId = () =>
    document.activeElement?.closest<HTMLElement>('[data-id]')?.dataset.id ?? selectedId.value

  function current(): { notification: Notification; ids: string[] } | undefined {
    const id = currentId()
    const need = desk.value.needs.find((card) => card.id === id)
    if (need) return { notification: need.notification, ids: [need.id] }
    const row = desk.value.rows.find(({ card }) => card.id === id)
    if (!row) return undefined
    const ids = [row.card, ...row.earlier].map((card) => card.id)
    return { notification: row.card.notification, ids }
  }

  function move(step: 1 | -1): void {
    const ids = order()
    const active = document.activeElement?.closest<HTMLElement>('[data-id]')?.dataset.id
    const at = ids.indexOf(active ?? selectedId.value ?? '')
    const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), ids.length - 1)
    if (ids[next]) focus(ids[next])
  }

  /** The next one that waits; and after the last the first again. */
  function nextNeed(): void {
    const ids = desk.value.needs.map(({ id }) => id)
    const next = ids[(ids.indexOf(currentId() ?? '') + 1) % ids.length]
    if (next) focus(next)
  }

  /** Acts on the current one, which may go by that, and goes on with the one after it. */
  function act(what: (notification: Notification, ids: string[]) => void, goesOn = false): void {
    const meant = current()
    if (!meant) return
    const ids = order()
    const at = ids.indexOf(meant.notification.id)
    what(meant.notification, meant.ids)
    const next = ids[at + 1] ?? ids[at - 1]
    if (goesOn && next) focus(next)
  }

  const views = Object.fromEntries(
    deskViews.map((view, index) => [String(index + 1), () => options.chooseView(view)]),
  )
  for (let digit = deskViews.length + 1; digit <= 9; digit++) {
    views[digit] = () => options.chooseSaved(digit - deskViews.length - 1)
  }
  useShortcuts({
    enabled: options.enabled,
    repeating: 'jk',
    actions: {
      ...views,
      n: nextNeed,
      j: () => move(1),
      k: () => move(-1),
      Enter: () => {
        const id = currentId()
        if (id) options.toggle(id)
      },
      o: () => act((notification) => actions.goTo(notification)),
      c: () => act((notification) => void copyNotification(notification)),
      e: () => act((notification) => actions.done(notification)),
      E: options.markAllSeen,
      h: () => act((notification) => actions.snooze(notification)),
      x: () => act((_, ids) => actions.remove(ids), true),
      u: options.undo,
      p: options.pickProject,
      m: () => act(({ source }) => source && options.toggleMuted(source)),
      M: options.mute,
      w: options.wall,
      '/': options.focusSearch,
      '?': options.help,
    },
  })
}

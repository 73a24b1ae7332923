// The few drawings the page uses, taken one by one from bootstrap-icons, as path data: a whole icon font
// would be larger than the rest of the page, and this needs no markup from strings.
import bell from 'bootstrap-icons/icons/bell-fill.svg?raw'
import check from 'bootstrap-icons/icons/check-lg.svg?raw'
import success from 'bootstrap-icons/icons/check-circle-fill.svg?raw'
import copy from 'bootstrap-icons/icons/copy.svg?raw'
import warning from 'bootstrap-icons/icons/exclamation-triangle-fill.svg?raw'
import error from 'bootstrap-icons/icons/x-octagon-fill.svg?raw'
import info from 'bootstrap-icons/icons/info-circle-fill.svg?raw'
import arrowUp from 'bootstrap-icons/icons/arrow-up.svg?raw'
import external from 'bootstrap-icons/icons/box-arrow-up-right.svg?raw'
import gear from 'bootstrap-icons/icons/gear.svg?raw'
import inbox from 'bootstrap-icons/icons/inbox.svg?raw'
import keyboard from 'bootstrap-icons/icons/keyboard.svg?raw'
import muted from 'bootstrap-icons/icons/volume-mute.svg?raw'
import plain from 'bootstrap-icons/icons/chat-left-text-fill.svg?raw'
import search from 'bootstrap-icons/icons/search.svg?raw'
import send from 'bootstrap-icons/icons/send.svg?raw'
import sound from 'bootstrap-icons/icons/volume-up.svg?raw'
import trash from 'bootstrap-icons/icons/trash3.svg?raw'
import unplugged from 'bootstrap-icons/icons/cloud-slash.svg?raw'
import close from 'bootstrap-icons/icons/x-lg.svg?raw'

const drawings = {
  arrowUp,
  bell,
  check,
  close,
  copy,
  error,
  external,
  gear,
  inbox,
  info,
  keyboard,
  muted,
  plain,
  search,
  send,
  sound,
  success,
  trash,
  unplugged,
  warning,
}

export type IconName = keyof typeof drawings

const paths = new Map<IconName, string[]>()

/** The `d` of each path of the icon; all of them are drawn on a square of 16 by 16. */
export function iconPaths(name: IconName): string[] {
  let known = paths.get(name)
  if (!known) {
    known = [...drawings[name].matchAll(/ d="([^"]+)"/g)].map((match) => match[1] ?? '')
    paths.set(name, known)
  }
  return known
}

// The few drawings the page uses, taken one by one from bootstrap-icons, as path data: a whole icon font
// would be larger than the rest of the page, and this needs no markup from strings.
import arrowUp from 'bootstrap-icons/icons/arrow-up.svg?raw'
import bell from 'bootstrap-icons/icons/bell-fill.svg?raw'
import check from 'bootstrap-icons/icons/check-lg.svg?raw'
import clock from 'bootstrap-icons/icons/clock.svg?raw'
import close from 'bootstrap-icons/icons/x-lg.svg?raw'
import copy from 'bootstrap-icons/icons/copy.svg?raw'
import external from 'bootstrap-icons/icons/box-arrow-up-right.svg?raw'
import failed from 'bootstrap-icons/icons/x-octagon-fill.svg?raw'
import inbox from 'bootstrap-icons/icons/inbox.svg?raw'
import info from 'bootstrap-icons/icons/dot.svg?raw'
import more from 'bootstrap-icons/icons/three-dots.svg?raw'
import muted from 'bootstrap-icons/icons/volume-mute.svg?raw'
import play from 'bootstrap-icons/icons/play.svg?raw'
import running from 'bootstrap-icons/icons/arrow-repeat.svg?raw'
import search from 'bootstrap-icons/icons/search.svg?raw'
import send from 'bootstrap-icons/icons/send.svg?raw'
import sound from 'bootstrap-icons/icons/volume-up.svg?raw'
import trash from 'bootstrap-icons/icons/trash3.svg?raw'
import unplugged from 'bootstrap-icons/icons/cloud-slash.svg?raw'
import waiting from 'bootstrap-icons/icons/question-circle-fill.svg?raw'
import wall from 'bootstrap-icons/icons/display.svg?raw'
import warning from 'bootstrap-icons/icons/exclamation-triangle.svg?raw'

const drawings = {
  arrowUp,
  bell,
  check,
  clock,
  close,
  copy,
  done: check,
  external,
  failed,
  inbox,
  info,
  more,
  muted,
  play,
  running,
  search,
  send,
  sound,
  trash,
  unplugged,
  waiting,
  wall,
  warning,
}

export type IconName = keyof typeof drawings

const paths = new Map<IconName, string>()

/** All of the drawing as the `d` of one path, on a square of 16 by 16. */
export function iconPath(name: IconName): string {
  let known = paths.get(name)
  if (known === undefined) {
    const parts = [...drawings[name].matchAll(/ d="([^"]+)"/g)].map((match) => match[1] ?? '')
    // A first `m` counts from the corner, as `M` does; one that follows would count from where the pen is.
    known = parts.map((part) => part.replace(/^m/, 'M')).join('')
    paths.set(name, known)
  }
  return known
}

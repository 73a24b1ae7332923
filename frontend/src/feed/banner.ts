// A notification as the system shows it: the same whether the page or the service worker has it shown, so that one takes
// the place of the other.
import type { Notification } from '../api/notification'
import { plainText } from './ansi'

export interface Banner {
  title: string
  body: string
  /** What it is about: a newer banner about the same takes its place. */
  about: string
  /** Of its own: a banner that is replaced under its tag pops up nowhere. */
  tag: string
}

/** What a banner carries for whoever clicks it. */
export interface BannerData {
  id: string
  about: string
}

const longestBody = 300

export function bannerOf(
  {
    id,
    source,
    actor,
    key,
    title,
    message,
  }: Pick<Notification, 'id' | 'source' | 'actor' | 'key' | 'title' | 'message'>,
  { productName, more = '' }: { productName: string; more?: string },
): Banner {
  const about = key ? `${source ?? ''}/${key}` : id
  const from = [source, actor].filter(Boolean).join(' · ')
  const text = [plainText(message), more].filter(Boolean).join('\n')
  return {
    title: title ?? (from || productName),
    body: (title && from ? `${from}\n${text}` : text).slice(0, longestBody),
    about,
    tag: `notifyhub:${about}:${id}`,
  }
}

// Event ids, `<epoch>-<seq>`: the place of an entry in the server's log. Not the id of a notification.

/** The number of an event id, or undefined for anything else, such as the id of an empty log. */
export function sequenceOf(eventId: string | undefined): number | undefined {
  const match = /^[A-Za-z0-9]+-(\d+)$/.exec(eventId ?? '')
  return match ? Number(match[1]) : undefined
}

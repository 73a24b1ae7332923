// Every text of the page in English. Another language is one more file with the same shape; texts must
// not be written anywhere else.

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`
const notifications = (count: number) => plural(count, 'notification', 'notifications')

export const en = {
  languageName: 'English',
  productName: 'NotifyHub',
  skipToFeed: 'Skip to the notifications',
  close: 'Close',
  cancel: 'Cancel',
  messages: 'Messages',

  connection: {
    connecting: 'Connecting',
    live: 'Live',
    reconnecting: 'Reconnecting',
    polling: 'Polling',
    offline: 'Offline',
    'signed-out': 'Signed out',
    since: (time: string) => `since ${time}`,
    label: 'Connection',
    explain: {
      connecting: 'Opening the stream of notifications.',
      live: 'New notifications appear the moment they are sent.',
      reconnecting: 'The connection is lost. The page comes back by itself.',
      polling: 'No stream at the moment: the page asks every 10 seconds.',
      offline: 'This device has no network.',
      'signed-out': 'Something in front of the hub wants you to sign in again.',
    },
    lostSince: (time: string) => `Connection lost at ${time}`,
    lostHint: 'What you see may be out of date. You will get everything you missed.',
    offlineHint: 'This device has no network. The page comes back with it.',
    signedOutHint: 'You have been signed out. Reload the page to sign in again.',
    retryNow: 'Try now',
    back: 'The connection is back.',
  },

  actions: {
    menu: 'Actions',
    more: 'More',
    sendTest: 'Send a test notification',
    mute: 'Mute sounds',
    unmute: 'Turn sounds on',
    wall: 'Wall mode',
    leaveWall: 'Leave wall mode',
    settings: 'Settings',
    markAllSeen: 'Mark all as read',
    removeShown: (count: number) => `Delete these ${count}`,
    clearAll: 'Delete everything on the hub…',
    shortcuts: 'Keyboard shortcuts',
    apiDocs: 'API documentation',
  },

  sound: {
    blocked: 'Sound is blocked: click anywhere',
    snoozed: (time: string) => `Sounds are off until ${time}`,
    needsYou: (who: string) => `${who} needs you`,
    failed: (who: string, what: string) => `${who}: ${what} failed`,
    says: (who: string, what: string) => `${who}: ${what}`,
    somebody: 'Somebody',
  },

  states: {
    waiting: 'Needs you',
    failed: 'Failed',
    running: 'Running',
    done: 'Done',
    info: 'Info',
  },

  views: { label: 'Views', desk: 'Desk', waiting: 'Needs you', failed: 'Failed', done: 'Done' },

  projects: {
    label: 'Projects',
    none: 'no project',
    waiting: (count: number) => `${count} waiting`,
    failed: (count: number) => `${count} failed`,
    unread: (count: number) => `${count} unread`,
    muted: 'muted',
    muteFor30: 'Mute for 30 minutes',
    muteToday: 'Mute until tomorrow',
    unmute: 'Sound again',
    menu: (name: string) => `More about ${name}`,
  },

  filter: {
    label: 'Search',
    search: 'Search',
    searchPlaceholder: 'Search, or project:… state:… from:…',
    clearSearch: 'Clear the search',
    byTag: (tag: string) => `Show only the tag ${tag}`,
    hits: (count: number, more: boolean) => `${count}${more ? '+' : ''} found`,
    outside: (count: number) => `${count} outside this search`,
    fromMemory: 'The hub does not answer: this is what was loaded.',
    reset: 'Show everything',
  },

  lane: {
    heading: (count: number) => (count === 1 ? '1 needs you' : `${count} need you`),
    oldestFirst: 'oldest first',
    more: (count: number) => `and ${count} more`,
    fewer: 'Show fewer',
  },

  strip: {
    label: 'Running',
    silent: 'no sign of life',
    more: (count: number) => `+${count}`,
  },

  feed: {
    label: 'Notifications',
    loading: 'Loading notifications',
    loadingOlder: 'Loading older notifications',
    loadOlder: 'Load older ones',
    loadFailed: (reason: string) => `Older notifications could not be loaded: ${reason}`,
    searchFailed: (reason: string) => `The search failed: ${reason}`,
    tryAgain: 'Try again',
    end: 'End of history',
    today: 'Today',
    yesterday: 'Yesterday',
    showNew: (count: number) => `${count} new`,
    seenUntil: (time: string) => `seen until ${time}`,
    nothingFound: 'Nothing found',
    nothingFoundHint: 'No notification matches this search.',
    nothingHere: 'Nothing here',
    allDone: 'Nothing needs you',
    allDoneHint: (running: number, done: number) => `${running} running, ${done} done today`,
  },

  time: {
    justNow: 'now',
    minutes: (count: number) => `${count} min`,
    hoursAndMinutes: (hours: number, minutes: number) =>
      minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`,
    days: (count: number) => `${count} d`,
    until: (time: string) => `until ${time}`,
  },

  item: {
    open: 'Go to it',
    openLink: (host: string) => `Open ${host}`,
    done: 'Done',
    snooze: 'In 10 min',
    unsnooze: 'Ask again now',
    copy: 'Copy',
    copied: 'Copied',
    copyCode: 'Copy the code',
    remove: 'Delete',
    tags: 'Tags',
    unread: 'unread',
    resolved: 'resolved',
    times: (count: number) => `${count} times`,
    linesFolded: (count: number) => `… ${count} more lines`,
    fold: 'Show fewer lines',
    earlier: 'Earlier',
    details: 'Details',
    nothingChosen: 'Choose a notification to read it here.',
  },

  empty: {
    title: 'No notifications yet',
    hint: 'Send the first one, from wherever you work:',
    orTest: 'or try it from here:',
    pushExample: 'Build finished',
    copyCommand: (name: string) => `Copy the ${name} lines`,
    recipes: {
      shell: 'Shell',
      claude: 'Claude Code',
      codex: 'Codex',
      make: 'cargo and npm',
      actions: 'GitHub Actions',
      powershell: 'PowerShell',
    },
    first: 'That was it. From now on you see here what needs you.',
    allowDesktop: 'Show desktop notifications',
    tryAsk: 'Hear the sound',
  },

  undo: {
    deleted: (count: number) => `${notifications(count)} deleted`,
    undo: 'Undo',
    failed: (reason: string) => `Deleting failed: ${reason}`,
    changeFailed: (reason: string) => `That did not work: ${reason}`,
  },

  clear: {
    title: 'Delete everything?',
    body: 'Every notification is deleted for everyone who uses this hub, also what you do not see now. This cannot be undone.',
    confirm: 'Delete everything',
    failed: (reason: string) => `Deleting failed: ${reason}`,
  },

  token: {
    title: 'Publish token',
    body: 'This hub asks for a token before anything is posted or deleted. Whoever runs it can give you one; this browser keeps it.',
    wrong: 'The hub does not know that token.',
    label: 'Token',
    confirm: 'Use it',
  },

  test: {
    title: 'Send a test notification',
    heading: 'Title',
    message: 'Message',
    defaultMessage: 'Hello from the page',
    level: 'Level',
    noLevel: 'None',
    state: 'State',
    noState: 'None',
    source: 'Project',
    tags: 'Tags',
    tagsHint: 'Separated by commas',
    link: 'Link',
    linkPlaceholder: 'https://',
    optional: 'optional',
    send: 'Send',
    failed: (reason: string) => `Not sent: ${reason}`,
  },

  levels: { info: 'Info', success: 'Success', warning: 'Warning', error: 'Error' },

  settings: {
    title: 'Settings',
    sound: 'Sound',
    soundOn: 'Play sounds',
    volume: 'Volume',
    attention: 'What asks for attention',
    focused: 'While you look',
    elsewhere: 'Elsewhere',
    onDesktop: 'Desktop',
    signals: {
      off: 'Off',
      tick: 'Tick',
      chime: 'Chime',
      ask: 'Ask',
      alarm: 'Alarm',
      say: 'Say',
    },
    soundOf: (state: string, where: string) => `${state}, ${where}`,
    play: (name: string) => `Play: ${name}`,
    reminds: 'Ask again every 5 minutes while something waits',
    quietHours: 'Quiet hours',
    quietFrom: 'From',
    quietTo: 'To',
    snooze: 'No sound for a while',
    snooze30: '30 minutes',
    snooze60: '1 hour',
    snoozeTomorrow: 'Until tomorrow',
    snoozeEnd: 'End',
    desktop: 'Desktop notifications',
    desktopWhen: 'Show them',
    desktopChoices: {
      never: 'Never',
      elsewhere: 'When I am in another window',
      always: 'Always',
    },
    desktopAllow: 'Allow desktop notifications',
    desktopDenied: 'The browser blocks them for this page. Its site settings can change that.',
    desktopInsecure: 'Browsers offer them only over https or on localhost.',
    desktopForbidden: 'This browser does not offer them to a page.',
    appearance: 'Appearance',
    theme: 'Theme',
    themes: { system: 'System', light: 'Light', dark: 'Dark' },
    language: 'Language',
    languageAuto: 'Same as browser',
    keyboard: 'Keyboard',
    shortcutsOn: 'Single-key shortcuts',
    showShortcuts: 'Show the shortcuts',
    version: (version: string) => `NotifyHub ${version}`,
  },

  hub: {
    title: 'The hub',
    unknown: 'The hub does not answer.',
    notReady: (reason: string) => `It stores nothing at the moment: ${reason}`,
    readers: 'Readers',
    rate: 'Last minute',
    rateIs: (posts: string, deliveries: string) =>
      `${posts} posts and ${deliveries} deliveries a second`,
    latency: 'Delivered within',
    latencyIs: (median: string, p99: string) => `${median} ms (half), ${p99} ms (99 of 100)`,
    noLatency: 'nothing was sent in the last minute',
    store: 'Store',
    inFile: (count: number, megabytes: string) =>
      `${plural(count, 'notification', 'notifications')}, ${megabytes} MB on disk`,
    inMemory: (count: number) =>
      `${plural(count, 'notification', 'notifications')}, in memory only`,
    started: 'Running since',
  },

  help: {
    title: 'Keyboard shortcuts',
    need: 'Next one that needs you',
    next: 'Next notification',
    previous: 'Previous notification',
    open: 'Open or close it',
    go: 'Go to it: the first action, or the link',
    copy: 'Copy it',
    done: 'Done with it',
    allSeen: 'Mark all as read',
    snooze: 'Ask again in 10 minutes',
    remove: 'Delete it',
    undo: 'Undo the deletion',
    views: 'Desk, Needs you, Failed, Done',
    project: 'Choose a project',
    search: 'Search',
    muteProject: 'Mute its project, or sound again',
    mute: 'Sounds on or off',
    wall: 'Wall mode',
    help: 'This help',
    escape: 'Leave the search, close what is open',
  },

  wall: {
    needYou: 'need you',
    failed: 'failed',
    doneToday: 'done today',
    lost: (time: string) => `No connection since ${time}`,
  },

  update: {
    available: (version: string) => `The hub has been updated to ${version}.`,
    reload: 'Reload the page',
  },

  announce: {
    arrived: (state: string, text: string) => `New: ${state}. ${text}`,
    arrivedMany: (count: number) => plural(count, 'new notification', 'new notifications'),
  },

  desktop: {
    more: (count: number) => `and ${count} more`,
  },

  /** By the hub's codes, and two of the page's own; what is not here is said in the hub's words. */
  problems: {
    unreachable: 'the hub cannot be reached',
    signed_out: 'you have been signed out',
    token_required: 'the hub wants a token',
    not_found: 'it is not there any more',
    unavailable: 'the hub cannot store anything at the moment',
    too_many_posts: 'too much at once; try again in a moment',
  } as Record<string, string>,
}

export type Texts = typeof en

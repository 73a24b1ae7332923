// Every text of the page in English. Another language is one more file with the same shape; texts must
// not be written anywhere else.

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

export const en = {
  languageName: 'English',
  productName: 'NotifyHub',
  skipToFeed: 'Skip to the notifications',
  close: 'Close',
  cancel: 'Cancel',

  connection: {
    connecting: 'Connecting',
    live: 'Live',
    reconnecting: 'Reconnecting',
    reconnectingIn: (seconds: number) => `Reconnecting in ${seconds} s`,
    polling: 'Polling',
    offline: 'Offline',
    since: (time: string) => `since ${time}`,
    label: 'Connection',
    explain: {
      connecting: 'Opening the stream of notifications.',
      live: 'New notifications appear the moment they are sent.',
      reconnecting: 'The connection is lost. The page comes back by itself.',
      polling: 'No stream at the moment: the page asks every 10 seconds.',
      offline: 'This device has no network.',
    },
    lost: 'Connection lost',
    lostSince: (time: string) => `Connection lost at ${time}`,
    lostHint:
      'What you see may be out of date. Nothing is missed: it arrives when the page is back.',
    offlineHint: 'This device has no network. The page comes back with it.',
    retryNow: 'Try now',
  },

  actions: {
    sendTest: 'Send a test notification',
    mute: 'Mute sounds',
    unmute: 'Turn sounds on',
    settings: 'Settings',
    clearAll: 'Clear all',
    menu: 'Actions',
  },

  sound: {
    blocked: 'Sound is blocked: click anywhere',
    blockedTitle: 'sound is blocked',
  },

  filter: {
    label: 'Search and filter',
    search: 'Search',
    searchPlaceholder: 'Search notifications',
    clearSearch: 'Clear the search',
    levels: 'Level',
    allLevels: 'All',
    tag: (tag: string) => `Tag: ${tag}`,
    removeTag: (tag: string) => `Stop filtering by the tag ${tag}`,
    byTag: (tag: string) => `Show only the tag ${tag}`,
    reset: 'Show everything',
  },

  levels: { info: 'Info', success: 'Success', warning: 'Warning', error: 'Error' },
  noLevel: 'Notification',

  feed: {
    label: 'Notifications',
    loading: 'Loading notifications',
    loadingOlder: 'Loading older notifications',
    loadFailed: (reason: string) => `Older notifications could not be loaded: ${reason}`,
    searchFailed: (reason: string) => `The search failed: ${reason}`,
    tryAgain: 'Try again',
    end: 'That is all.',
    today: 'Today',
    yesterday: 'Yesterday',
    newItems: (count: number) => plural(count, 'new notification', 'new notifications'),
    showNew: (count: number) => `${count} new`,
    nothingFound: 'Nothing found',
    nothingFoundHint: 'No notification matches this search.',
  },

  item: {
    justNow: 'just now',
    copy: 'Copy',
    copied: 'Copied',
    remove: 'Delete',
    openLink: (host: string) => `Open ${host}`,
    more: 'Show more',
    less: 'Show less',
    tags: 'Tags',
  },

  empty: {
    title: 'No notifications yet',
    hint: 'Send the first one from a shell:',
    orTest: 'or try it from here:',
    pushExample: 'Build finished',
    copyCommand: (name: string) => `Copy the ${name} command`,
  },

  undo: {
    deleted: (count: number) => `${plural(count, 'notification', 'notifications')} deleted`,
    undo: 'Undo',
    failed: (reason: string) => `Deleting failed: ${reason}`,
  },

  clear: {
    title: 'Clear all notifications?',
    body: 'Every notification is deleted for everyone who uses this hub. This cannot be undone.',
    confirm: 'Clear all',
    failed: (reason: string) => `Clearing failed: ${reason}`,
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
    tags: 'Tags',
    tagsHint: 'Separated by commas',
    link: 'Link',
    linkPlaceholder: 'https://',
    optional: 'optional',
    send: 'Send',
    failed: (reason: string) => `Not sent: ${reason}`,
  },

  settings: {
    title: 'Settings',
    sound: 'Sound',
    soundOn: 'Play a sound for new notifications',
    volume: 'Volume',
    playChime: 'Play the chime',
    playAlarm: 'Play the warning',
    desktop: 'Desktop notifications',
    desktopHint: 'Shown while no tab of this page is visible.',
    desktopOn: 'Show desktop notifications',
    desktopAllow: 'Allow desktop notifications',
    desktopDenied: 'The browser blocks them for this page. Its site settings can change that.',
    desktopUnavailable: 'This browser offers them only over https or on localhost.',
    appearance: 'Appearance',
    theme: 'Theme',
    themes: { system: 'System', light: 'Light', dark: 'Dark' },
    language: 'Language',
    languageAuto: 'As the browser',
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
    search: 'Search',
    next: 'Next notification',
    previous: 'Previous notification',
    remove: 'Delete the selected notification',
    undo: 'Undo the deletion',
    mute: 'Sounds on or off',
    help: 'This help',
    escape: 'Leave the search, close a dialog',
  },

  update: {
    available: (version: string) => `The hub has been updated to ${version}.`,
    reload: 'Reload the page',
  },

  announce: {
    arrived: (level: string, text: string) => `New: ${level}. ${text}`,
    arrivedMany: (count: number) => plural(count, 'new notification', 'new notifications'),
  },

  desktop: {
    more: (count: number) => `and ${count} more`,
  },
}

export type Texts = typeof en

// Every text of the page in German. The compiler holds it to the shape of en.ts.
import type { Texts } from './en'

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

export const de: Texts = {
  languageName: 'Deutsch',
  productName: 'NotifyHub',
  skipToFeed: 'Zu den Benachrichtigungen springen',
  close: 'Schließen',
  cancel: 'Abbrechen',

  connection: {
    connecting: 'Verbindet',
    live: 'Live',
    reconnecting: 'Verbindet neu',
    reconnectingIn: (seconds: number) => `Neuer Versuch in ${seconds} s`,
    polling: 'Abfrage',
    offline: 'Offline',
    since: (time: string) => `seit ${time}`,
    label: 'Verbindung',
    explain: {
      connecting: 'Der Strom der Benachrichtigungen wird geöffnet.',
      live: 'Neue Benachrichtigungen erscheinen im Augenblick des Sendens.',
      reconnecting: 'Die Verbindung ist unterbrochen. Die Seite meldet sich von selbst zurück.',
      polling: 'Zurzeit kein Strom: Die Seite fragt alle 10 Sekunden nach.',
      offline: 'Dieses Gerät hat kein Netz.',
    },
    lost: 'Verbindung unterbrochen',
    lostSince: (time: string) => `Verbindung unterbrochen um ${time}`,
    lostHint:
      'Die Liste ist vielleicht veraltet. Nichts geht verloren: Es kommt an, sobald die Verbindung steht.',
    offlineHint: 'Dieses Gerät hat kein Netz. Sobald es da ist, geht es weiter.',
    retryNow: 'Jetzt versuchen',
  },

  actions: {
    sendTest: 'Testbenachrichtigung senden',
    mute: 'Töne ausschalten',
    unmute: 'Töne einschalten',
    settings: 'Einstellungen',
    clearAll: 'Alle löschen',
    menu: 'Aktionen',
  },

  sound: {
    blocked: 'Ton ist blockiert: irgendwohin klicken',
    blockedTitle: 'Ton ist blockiert',
  },

  filter: {
    label: 'Suchen und filtern',
    search: 'Suchen',
    searchPlaceholder: 'Benachrichtigungen suchen',
    clearSearch: 'Suche leeren',
    levels: 'Stufe',
    allLevels: 'Alle',
    tag: (tag: string) => `Schlagwort: ${tag}`,
    removeTag: (tag: string) => `Nicht mehr nach dem Schlagwort ${tag} filtern`,
    byTag: (tag: string) => `Nur das Schlagwort ${tag} zeigen`,
    reset: 'Alles zeigen',
  },

  levels: { info: 'Info', success: 'Erfolg', warning: 'Warnung', error: 'Fehler' },
  noLevel: 'Benachrichtigung',

  feed: {
    label: 'Benachrichtigungen',
    loading: 'Benachrichtigungen werden geladen',
    loadingOlder: 'Ältere Benachrichtigungen werden geladen',
    loadFailed: (reason: string) =>
      `Ältere Benachrichtigungen konnten nicht geladen werden: ${reason}`,
    searchFailed: (reason: string) => `Die Suche ist fehlgeschlagen: ${reason}`,
    tryAgain: 'Noch einmal versuchen',
    end: 'Das ist alles.',
    today: 'Heute',
    yesterday: 'Gestern',
    newItems: (count: number) => plural(count, 'neue Benachrichtigung', 'neue Benachrichtigungen'),
    showNew: (count: number) => `${count} neue`,
    nothingFound: 'Nichts gefunden',
    nothingFoundHint: 'Keine Benachrichtigung passt zu dieser Suche.',
  },

  item: {
    justNow: 'gerade eben',
    copy: 'Kopieren',
    copied: 'Kopiert',
    remove: 'Löschen',
    openLink: (host: string) => `${host} öffnen`,
    more: 'Mehr zeigen',
    less: 'Weniger zeigen',
    tags: 'Schlagwörter',
  },

  empty: {
    title: 'Noch keine Benachrichtigungen',
    hint: 'Die erste lässt sich aus einer Shell senden:',
    orTest: 'oder gleich von hier:',
    pushExample: 'Build fertig',
    copyCommand: (name: string) => `Den Befehl mit ${name} kopieren`,
  },

  undo: {
    deleted: (count: number) =>
      `${plural(count, 'Benachrichtigung', 'Benachrichtigungen')} gelöscht`,
    undo: 'Rückgängig',
    failed: (reason: string) => `Löschen fehlgeschlagen: ${reason}`,
  },

  clear: {
    title: 'Alle Benachrichtigungen löschen?',
    body: 'Jede Benachrichtigung wird für alle gelöscht, die diesen Hub benutzen. Das lässt sich nicht rückgängig machen.',
    confirm: 'Alle löschen',
    failed: (reason: string) => `Löschen fehlgeschlagen: ${reason}`,
  },

  token: {
    title: 'Veröffentlichungs-Token',
    body: 'Dieser Hub verlangt ein Token, bevor etwas gesendet oder gelöscht wird. Wer ihn betreibt, vergibt es; dieser Browser merkt es sich.',
    wrong: 'Dieses Token kennt der Hub nicht.',
    label: 'Token',
    confirm: 'Verwenden',
  },

  test: {
    title: 'Testbenachrichtigung senden',
    heading: 'Titel',
    message: 'Nachricht',
    defaultMessage: 'Hallo von der Seite',
    level: 'Stufe',
    noLevel: 'Keine',
    tags: 'Schlagwörter',
    tagsHint: 'Durch Kommas getrennt',
    link: 'Link',
    linkPlaceholder: 'https://',
    optional: 'freiwillig',
    send: 'Senden',
    failed: (reason: string) => `Nicht gesendet: ${reason}`,
  },

  settings: {
    title: 'Einstellungen',
    sound: 'Ton',
    soundOn: 'Neue Benachrichtigungen hörbar machen',
    volume: 'Lautstärke',
    playChime: 'Klang anhören',
    playAlarm: 'Warnung anhören',
    desktop: 'Desktop-Benachrichtigungen',
    desktopHint: 'Erscheinen, solange kein Tab dieser Seite sichtbar ist.',
    desktopOn: 'Desktop-Benachrichtigungen zeigen',
    desktopAllow: 'Desktop-Benachrichtigungen erlauben',
    desktopDenied:
      'Der Browser blockiert sie für diese Seite. Das lässt sich in seinen Website-Einstellungen ändern.',
    desktopUnavailable: 'Dieser Browser bietet sie nur über https oder auf localhost an.',
    appearance: 'Aussehen',
    theme: 'Farbschema',
    themes: { system: 'System', light: 'Hell', dark: 'Dunkel' },
    language: 'Sprache',
    languageAuto: 'Wie der Browser',
    keyboard: 'Tastatur',
    shortcutsOn: 'Kurzbefehle mit einer Taste',
    showShortcuts: 'Kurzbefehle zeigen',
    version: (version: string) => `NotifyHub ${version}`,
  },

  hub: {
    title: 'Der Hub',
    unknown: 'Der Hub antwortet nicht.',
    notReady: (reason: string) => `Er speichert zurzeit nichts: ${reason}`,
    readers: 'Leser',
    rate: 'Letzte Minute',
    rateIs: (posts: string, deliveries: string) =>
      `${posts} Meldungen und ${deliveries} Zustellungen je Sekunde`,
    latency: 'Zugestellt in',
    latencyIs: (median: string, p99: string) => `${median} ms (die Hälfte), ${p99} ms (99 von 100)`,
    noLatency: 'in der letzten Minute wurde nichts gesendet',
    store: 'Speicher',
    inFile: (count: number, megabytes: string) =>
      `${plural(count, 'Benachrichtigung', 'Benachrichtigungen')}, ${megabytes} MB auf der Platte`,
    inMemory: (count: number) =>
      `${plural(count, 'Benachrichtigung', 'Benachrichtigungen')}, nur im Arbeitsspeicher`,
    started: 'Läuft seit',
  },

  help: {
    title: 'Kurzbefehle',
    search: 'Suchen',
    next: 'Nächste Benachrichtigung',
    previous: 'Vorige Benachrichtigung',
    remove: 'Gewählte Benachrichtigung löschen',
    undo: 'Löschen rückgängig machen',
    mute: 'Töne ein oder aus',
    help: 'Diese Hilfe',
    escape: 'Suche verlassen, Dialog schließen',
  },

  update: {
    available: (version: string) => `Der Hub wurde auf ${version} aktualisiert.`,
    reload: 'Seite neu laden',
  },

  announce: {
    arrived: (level: string, text: string) => `Neu: ${level}. ${text}`,
    arrivedMany: (count: number) =>
      plural(count, 'neue Benachrichtigung', 'neue Benachrichtigungen'),
  },

  desktop: {
    more: (count: number) => `und ${count} weitere`,
  },
}

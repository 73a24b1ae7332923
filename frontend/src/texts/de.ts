// Every text of the page in German. The compiler holds it to the shape of en.ts.
import type { Texts } from './en'

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`
const notifications = (count: number) => plural(count, 'Benachrichtigung', 'Benachrichtigungen')

export const de: Texts = {
  languageName: 'Deutsch',
  productName: 'NotifyHub',
  skipToFeed: 'Zu den Benachrichtigungen springen',
  close: 'Schließen',
  cancel: 'Abbrechen',
  messages: 'Meldungen',

  connection: {
    connecting: 'Verbindet',
    live: 'Live',
    reconnecting: 'Verbindet neu',
    polling: 'Abfrage',
    offline: 'Offline',
    'signed-out': 'Abgemeldet',
    since: (time: string) => `seit ${time}`,
    label: 'Verbindung',
    explain: {
      connecting: 'Der Strom der Benachrichtigungen wird geöffnet.',
      live: 'Neue Benachrichtigungen erscheinen im Augenblick des Sendens.',
      reconnecting: 'Die Verbindung ist unterbrochen. Die Seite meldet sich von selbst zurück.',
      polling: 'Zurzeit kein Strom: Die Seite fragt alle 10 Sekunden nach.',
      offline: 'Dieses Gerät hat kein Netz.',
      'signed-out': 'Vor dem Hub verlangt etwas eine neue Anmeldung.',
    },
    lostSince: (time: string) => `Verbindung unterbrochen um ${time}`,
    lostHint: 'Die Liste ist vielleicht veraltet. Alles Verpasste kommt nach.',
    offlineHint: 'Dieses Gerät hat kein Netz. Sobald es da ist, geht es weiter.',
    signedOutHint: 'Sie wurden abgemeldet. Laden Sie die Seite neu, um sich wieder anzumelden.',
    retryNow: 'Jetzt versuchen',
    back: 'Die Verbindung steht wieder.',
    stale: (seconds: number) => `Der Hub hat seit ${seconds} s nichts von seinem Speicher gehört`,
    staleHint: 'Was du siehst, kann alt sein.',
  },

  actions: {
    menu: 'Aktionen',
    more: 'Mehr',
    sendTest: 'Testbenachrichtigung senden',
    mute: 'Töne ausschalten',
    unmute: 'Töne einschalten',
    wall: 'Wandanzeige',
    leaveWall: 'Wandanzeige verlassen',
    settings: 'Einstellungen',
    markAllSeen: 'Alles als gelesen markieren',
    removeShown: (count: number) => `Diese ${count} löschen`,
    clearAll: 'Alles auf dem Hub löschen…',
    shortcuts: 'Kurzbefehle',
    apiDocs: 'API-Dokumentation',
  },

  sound: {
    blocked: 'Ton ist blockiert: irgendwohin klicken',
    snoozed: (time: string) => `Töne sind aus bis ${time}`,
    needsYou: (who: string) => `${who} braucht Sie`,
    failed: (who: string, what: string) => `${who}: ${what} fehlgeschlagen`,
    says: (who: string, what: string) => `${who}: ${what}`,
    somebody: 'Jemand',
  },

  states: {
    waiting: 'Braucht Sie',
    failed: 'Fehlgeschlagen',
    running: 'Läuft',
    done: 'Fertig',
    info: 'Info',
  },

  views: {
    label: 'Ansichten',
    desk: 'Schreibtisch',
    waiting: 'Braucht Sie',
    failed: 'Fehlgeschlagen',
    done: 'Fertig',
  },

  projects: {
    label: 'Projekte',
    none: 'kein Projekt',
    waiting: (count: number) => `${count} warten`,
    failed: (count: number) => `${count} fehlgeschlagen`,
    unread: (count: number) => `${count} ungelesen`,
    muted: 'stumm',
    muteFor30: '30 Minuten stumm',
    muteToday: 'Bis morgen stumm',
    unmute: 'Wieder hörbar',
    menu: (name: string) => `Mehr zu ${name}`,
  },

  filter: {
    label: 'Suche',
    search: 'Suchen',
    searchPlaceholder: 'Suchen, oder project:… state:… from:…',
    clearSearch: 'Suche leeren',
    byTag: (tag: string) => `Nur das Schlagwort ${tag} zeigen`,
    hits: (count: number, more: boolean) => `${count}${more ? '+' : ''} gefunden`,
    outside: (count: number) => `${count} außerhalb dieser Suche`,
    fromMemory: 'Der Hub antwortet nicht: Das hier war schon geladen.',
    reset: 'Alles zeigen',
  },

  lane: {
    heading: (count: number) => (count === 1 ? '1 braucht Sie' : `${count} brauchen Sie`),
    oldestFirst: 'Älteste zuerst',
    more: (count: number) => `und ${count} weitere`,
    fewer: 'Weniger zeigen',
  },

  strip: {
    label: 'Läuft',
    silent: 'kein Lebenszeichen',
    more: (count: number) => `+${count}`,
  },

  feed: {
    label: 'Benachrichtigungen',
    loading: 'Benachrichtigungen werden geladen',
    loadingOlder: 'Ältere Benachrichtigungen werden geladen',
    loadOlder: 'Ältere laden',
    loadFailed: (reason: string) =>
      `Ältere Benachrichtigungen konnten nicht geladen werden: ${reason}`,
    searchFailed: (reason: string) => `Die Suche ist fehlgeschlagen: ${reason}`,
    tryAgain: 'Noch einmal versuchen',
    end: 'Ende der Liste',
    today: 'Heute',
    yesterday: 'Gestern',
    showNew: (count: number) => `${count} neue`,
    seenUntil: (time: string) => `gesehen bis ${time}`,
    nothingFound: 'Nichts gefunden',
    nothingFoundHint: 'Keine Benachrichtigung passt zu dieser Suche.',
    nothingHere: 'Nichts hier',
    allDone: 'Nichts braucht Sie',
    allDoneHint: (running: number, done: number) => `${running} laufen, ${done} heute fertig`,
  },

  time: {
    justNow: 'jetzt',
    minutes: (count: number) => `${count} Min.`,
    hoursAndMinutes: (hours: number, minutes: number) =>
      minutes === 0 ? `${hours} Std.` : `${hours} Std. ${minutes} Min.`,
    days: (count: number) => `${count} T.`,
    until: (time: string) => `bis ${time}`,
  },

  item: {
    open: 'Hingehen',
    openLink: (host: string) => `${host} öffnen`,
    done: 'Erledigt',
    snooze: 'In 10 Min.',
    unsnooze: 'Jetzt wieder fragen',
    copy: 'Kopieren',
    copied: 'Kopiert',
    copyCode: 'Code kopieren',
    remove: 'Löschen',
    tags: 'Schlagwörter',
    unread: 'ungelesen',
    resolved: 'erledigt',
    times: (count: number) => `${count}-mal`,
    linesFolded: (count: number) => `… ${count} weitere Zeilen`,
    fold: 'Weniger Zeilen zeigen',
    earlier: 'Früher',
    details: 'Einzelheiten',
    nothingChosen: 'Eine Benachrichtigung wählen, um sie hier zu lesen.',
  },

  empty: {
    title: 'Noch keine Benachrichtigungen',
    hint: 'Die erste senden, von wo aus auch immer Sie arbeiten:',
    orTest: 'oder gleich von hier:',
    pushExample: 'Build fertig',
    copyCommand: (name: string) => `Die Zeilen für ${name} kopieren`,
    recipes: {
      shell: 'Shell',
      claude: 'Claude Code',
      codex: 'Codex',
      make: 'cargo und npm',
      actions: 'GitHub Actions',
      powershell: 'PowerShell',
    },
    first: 'Das war es. Ab jetzt steht hier, was Sie braucht.',
    allowDesktop: 'Desktop-Benachrichtigungen zeigen',
    tryAsk: 'Ton anhören',
  },

  undo: {
    deleted: (count: number) => `${notifications(count)} gelöscht`,
    undo: 'Rückgängig',
    failed: (reason: string) => `Löschen fehlgeschlagen: ${reason}`,
    changeFailed: (reason: string) => `Das hat nicht geklappt: ${reason}`,
  },

  clear: {
    title: 'Alles löschen?',
    body: 'Jede Benachrichtigung wird für alle gelöscht, die diesen Hub benutzen, auch was Sie gerade nicht sehen. Das lässt sich nicht rückgängig machen.',
    confirm: 'Alles löschen',
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
    state: 'Zustand',
    noState: 'Keiner',
    source: 'Projekt',
    tags: 'Schlagwörter',
    tagsHint: 'Durch Kommas getrennt',
    link: 'Link',
    linkPlaceholder: 'https://',
    optional: 'freiwillig',
    send: 'Senden',
    failed: (reason: string) => `Nicht gesendet: ${reason}`,
  },

  levels: { info: 'Info', success: 'Erfolg', warning: 'Warnung', error: 'Fehler' },

  settings: {
    title: 'Einstellungen',
    sound: 'Ton',
    soundOn: 'Ton bei neuen Benachrichtigungen',
    volume: 'Lautstärke',
    attention: 'Was sich bemerkbar macht',
    focused: 'Beim Hinsehen',
    elsewhere: 'Anderswo',
    onDesktop: 'Desktop',
    signals: {
      off: 'Aus',
      tick: 'Tick',
      chime: 'Klang',
      ask: 'Frage',
      alarm: 'Alarm',
      say: 'Sprechen',
    },
    soundOf: (state: string, where: string) => `${state}, ${where}`,
    play: (name: string) => `Anhören: ${name}`,
    reminds: 'Alle 5 Minuten erinnern, solange etwas wartet',
    quietHours: 'Ruhezeit',
    quietFrom: 'Von',
    quietTo: 'Bis',
    snooze: 'Eine Zeit lang kein Ton',
    snooze30: '30 Minuten',
    snooze60: '1 Stunde',
    snoozeTomorrow: 'Bis morgen',
    snoozeEnd: 'Beenden',
    desktop: 'Desktop-Benachrichtigungen',
    desktopWhen: 'Zeigen',
    desktopChoices: {
      never: 'Nie',
      elsewhere: 'Wenn ich in einem anderen Fenster bin',
      always: 'Immer',
    },
    desktopAllow: 'Desktop-Benachrichtigungen erlauben',
    desktopDenied:
      'Der Browser blockiert sie für diese Seite. Das lässt sich in seinen Website-Einstellungen ändern.',
    desktopInsecure: 'Browser bieten sie nur über https oder auf localhost an.',
    desktopForbidden: 'Dieser Browser bietet sie Seiten nicht an.',
    appearance: 'Aussehen',
    theme: 'Farbschema',
    themes: { system: 'System', light: 'Hell', dark: 'Dunkel' },
    language: 'Sprache',
    languageAuto: 'Wie im Browser',
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
    need: 'Zum nächsten, der Sie braucht',
    next: 'Nächste Benachrichtigung',
    previous: 'Vorige Benachrichtigung',
    open: 'Öffnen oder schließen',
    go: 'Hingehen: die erste Aktion, oder der Link',
    copy: 'Kopieren',
    done: 'Erledigt',
    allSeen: 'Alles als gelesen markieren',
    snooze: 'In 10 Minuten wieder fragen',
    remove: 'Löschen',
    undo: 'Löschen rückgängig machen',
    views: 'Schreibtisch, Braucht Sie, Fehlgeschlagen, Fertig',
    project: 'Projekt wählen',
    search: 'Suchen',
    muteProject: 'Das Projekt stumm oder wieder hörbar',
    mute: 'Töne ein oder aus',
    wall: 'Wandanzeige',
    help: 'Diese Hilfe',
    escape: 'Suche verlassen, Offenes schließen',
  },

  wall: {
    needYou: 'brauchen Sie',
    failed: 'fehlgeschlagen',
    doneToday: 'heute fertig',
    lost: (time: string) => `Keine Verbindung seit ${time}`,
  },

  update: {
    available: (version: string) => `Der Hub wurde auf ${version} aktualisiert.`,
    reload: 'Seite neu laden',
  },

  announce: {
    arrived: (state: string, text: string) => `Neu: ${state}. ${text}`,
    arrivedMany: (count: number) =>
      plural(count, 'neue Benachrichtigung', 'neue Benachrichtigungen'),
  },

  desktop: {
    more: (count: number) => `und ${count} weitere`,
  },

  /** By the hub's codes, and two of the page's own; what is not here is said in the hub's words. */
  problems: {
    unreachable: 'der Hub ist nicht erreichbar',
    signed_out: 'Sie wurden abgemeldet',
    token_required: 'der Hub verlangt ein Token',
    not_found: 'es ist nicht mehr da',
    unavailable: 'der Hub kann gerade nichts speichern',
    too_many_posts: 'zu viel auf einmal; gleich noch einmal versuchen',
  },
}

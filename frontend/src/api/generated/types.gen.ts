// Written by openapi-ts from ../openapi.json; remake it with: npm run generate

export type ClientOptions = {
    baseUrl: `${string}://${string}` | (string & {});
};

/**
 * Action
 *
 * Something a reader can open with one click.
 */
export type Action = {
    /**
     * What the button says, up to 32 characters.
     */
    label: string;
    /**
     * What it opens, up to 2048 characters: http, https, vscode, vscode-insiders, cursor, zed, idea or jetbrains.
     */
    url: string;
};

/**
 * Cleared
 *
 * `cleared`: all notifications were deleted.
 */
export type Cleared = {
    [key: string]: unknown;
};

/**
 * Deleted
 *
 * `deleted`: one notification was deleted.
 */
export type Deleted = {
    /**
     * The notification's id.
     */
    id: string;
};

/**
 * ErrorBody
 *
 * What went wrong.
 */
export type ErrorBody = {
    /**
     * For programs: a word that stays the same from version to version.
     */
    code: string;
    /**
     * For people: what was wrong and what would be right.
     */
    message: string;
};

/**
 * How the message is to be read.
 */
export type Format = 'text' | 'code' | 'markdown';

/**
 * Heartbeat
 *
 * `heartbeat`: the connection is alive.
 */
export type Heartbeat = {
    /**
     * The hub's time: RFC 3339, UTC, milliseconds.
     */
    timestamp: string;
};

/**
 * Hello
 *
 * `hello`: the first event of a stream.
 */
export type Hello = {
    /**
     * Whether the missed events follow, rather than `init`.
     */
    resumed: boolean;
    /**
     * Why.
     */
    reason: Reason & unknown;
    /**
     * How many events were missed since the last event id, at most.
     */
    missed: number;
    /**
     * The id of the newest event.
     */
    latest_id: string;
    /**
     * Up to which notification whoever reads this feed has read.
     */
    read_through?: string;
    /**
     * The time between two heartbeats, in milliseconds. A client that hears nothing for 2.5 times as long
     * should reconnect.
     */
    heartbeat_ms: number;
    /**
     * The hub's time: RFC 3339, UTC, milliseconds. Hubs before 0.2 do not say it.
     */
    now?: string;
    /**
     * The hub's version.
     */
    version: string;
};

/**
 * Lately
 *
 * What happened in about the last minute.
 */
export type Lately = {
    /**
     * How many seconds ago it begins: less than a minute only just after the start.
     */
    period_s: number;
    /**
     * Notifications that were posted.
     */
    published: number;
    /**
     * Notification events that were sent: one for each notification and stream.
     */
    deliveries: number;
    /**
     * The time from accepting a post to having sent it to every stream that keeps up, in milliseconds: half were not
     * slower than this bound. Left out if there was nothing to send.
     */
    delivery_ms_median?: number;
    /**
     * The same for 99 of 100.
     */
    delivery_ms_p99?: number;
};

/**
 * How much a notification matters; it decides its colour, icon and sound.
 */
export type Level = 'info' | 'success' | 'warning' | 'error';

/**
 * MarkRead
 *
 * How far.
 */
export type MarkRead = {
    /**
     * The newest notification that was read.
     */
    through: string;
};

/**
 * NewNotification
 *
 * A notification to post. Only `message` is needed.
 */
export type NewNotification = {
    /**
     * The text, 1 to 4096 characters. It arrives unchanged: line breaks, emoji and all.
     */
    message: string;
    /**
     * A short heading, up to 256 characters.
     */
    title?: string | null;
    /**
     * How much it matters. Without it, what `state` suggests.
     */
    level?: (Level & unknown) | null;
    /**
     * Up to 16 words of up to 64 characters to filter by.
     */
    tags?: Array<string>;
    /**
     * Where to read more: an http or https address of up to 2048 characters.
     */
    link?: string | null;
    /**
     * When it happened, RFC 3339. Without it, the time of arrival counts.
     */
    timestamp?: string | null;
    /**
     * The project or system it is about, up to 64 characters. The page groups and mutes by it.
     */
    source?: string | null;
    /**
     * Who speaks, up to 32 characters: `claude-code`, `codex`, `ci`, `cron`.
     */
    actor?: string | null;
    /**
     * The run, session or thing it is about, up to 128 characters. Open notifications of the same key are
     * removed when this one is stored.
     */
    key?: string | null;
    /**
     * Where that stands: `waiting` (for a person) and `running` are open, `done` and `failed` close.
     */
    state?: (State & unknown) | null;
    /**
     * Up to 3 things a reader can open with one click.
     */
    actions?: Array<Action>;
    /**
     * How the message is to be read.
     */
    format?: (Format & unknown) | null;
};

/**
 * NewPushSubscription
 *
 * A device that is to be told, as its browser describes it (`PushSubscription.toJSON()`).
 */
export type NewPushSubscription = {
    /**
     * Where to send: an address of the browser's push service, https.
     */
    endpoint: string;
    /**
     * What to encrypt for.
     */
    keys: PushKeys & unknown;
    /**
     * Whether to tell what failed, besides what waits for a person.
     */
    failures?: boolean;
    /**
     * Whether to tell that something waits no longer, so that it disappears. Some browsers take a subscription away
     * from a page that shows nothing for a message.
     */
    withdrawals?: boolean;
};

/**
 * Notification
 *
 * A stored notification. Fields that were not set are left out. Later versions may add fields, and values to the
 * enumerations: pass over what you do not know.
 */
export type Notification = {
    /**
     * Made by the hub: a UUID of version 7 (RFC 9562). Ids sort by the time of publishing.
     */
    id: string;
    /**
     * The text, exactly as it was posted.
     */
    message: string;
    /**
     * When it happened: RFC 3339, UTC, milliseconds.
     */
    timestamp: string;
    /**
     * A short heading.
     */
    title?: string;
    /**
     * How much it matters.
     */
    level?: Level & unknown;
    /**
     * Words to filter by.
     */
    tags?: Array<string>;
    /**
     * Where to read more: an http or https address.
     */
    link?: string;
    /**
     * The project or system it is about.
     */
    source?: string;
    /**
     * Who speaks: `claude-code`, `codex`, `ci`, `cron`.
     */
    actor?: string;
    /**
     * The run, session or thing it is about. A newer post of the same key removes the open ones before it.
     */
    key?: string;
    /**
     * Where that stands.
     */
    state?: State & unknown;
    /**
     * What a reader can open with one click.
     */
    actions?: Array<StoredAction>;
    /**
     * How the message is to be read.
     */
    format?: Format & unknown;
    /**
     * When this waiting or running began: it is inherited from the post that this one overtook.
     */
    since?: string;
    /**
     * When a person said that it is settled.
     */
    resolved_at?: string;
    /**
     * Until when it should not ask for attention.
     */
    snoozed_until?: string;
};

/**
 * NotifyRequestBody
 *
 * The earlier hub's request.
 */
export type NotifyRequestBody = {
    /**
     * The text, 1 to 4096 characters.
     */
    message: string;
    /**
     * When it happened, RFC 3339. Without it, the time of arrival counts.
     */
    timestamp?: string | null;
};

/**
 * NotifyResponseBody
 *
 * The earlier hub's answer.
 */
export type NotifyResponseBody = {
    /**
     * Always `true`; everything else is an error.
     */
    success: boolean;
    /**
     * The notification's id.
     */
    id: string;
};

/**
 * PushKey
 *
 * What a browser needs to subscribe.
 */
export type PushKey = {
    /**
     * The hub's public key (VAPID, RFC 8292): a point of P-256, in base64url. It is the `applicationServerKey`.
     */
    public_key: string;
};

/**
 * PushKeys
 *
 * Keys of a subscription (RFC 8291).
 */
export type PushKeys = {
    /**
     * The public key: a point of P-256, uncompressed, in base64url.
     */
    p256dh: string;
    /**
     * The secret: 16 bytes, in base64url.
     */
    auth: string;
};

/**
 * PushSubscription
 *
 * A device that is told.
 */
export type PushSubscription = {
    /**
     * Its name, for taking it away.
     */
    id: string;
};

/**
 * Read
 *
 * `read`: whoever reads this feed has read up to a notification.
 */
export type Read = {
    /**
     * Every notification whose id is not greater is read.
     */
    through: string;
};

/**
 * ReadMark
 *
 * The read mark.
 */
export type ReadMark = {
    /**
     * Every notification whose id is not greater is read.
     */
    read_through: string;
};

/**
 * Why a stream starts as it does.
 */
export type Reason = 'fresh' | 'resumed' | 'unknown' | 'expired';

/**
 * Removed
 *
 * How much was removed.
 */
export type Removed = {
    /**
     * How many notifications.
     */
    removed: number;
};

/**
 * RevisionBody
 *
 * What to change; a field that is left out stays as it is.
 */
export type RevisionBody = {
    /**
     * Whether it is settled: `true` closes what waits or runs, and says that a failure is dealt with.
     */
    resolved?: boolean;
    /**
     * Until when it should not ask for attention, RFC 3339; `null`: it should again.
     */
    snoozed_until?: string | null;
};

/**
 * Where the thing that a notification is about stands.
 */
export type State = 'waiting' | 'running' | 'done' | 'failed';

/**
 * Status
 *
 * How the hub is.
 */
export type Status = {
    /**
     * The hub's version.
     */
    version: string;
    /**
     * When it started.
     */
    started_at: string;
    /**
     * Seconds since it started.
     */
    uptime_s: number;
    /**
     * Open event streams.
     */
    streams: number;
    /**
     * The same, as earlier versions called it.
     */
    connections: number;
    /**
     * Stored notifications.
     */
    stored: number;
    /**
     * Those of them that are open: they wait, or run.
     */
    open: number;
    /**
     * The id of the newest event.
     */
    latest_id: string;
    /**
     * Up to which notification whoever reads this feed has read.
     */
    read_through?: string;
    /**
     * Where notifications are kept: `sqlite` or `memory`.
     */
    store: string;
    /**
     * How large the files of the store are, in bytes; 0 in memory.
     */
    store_bytes: number;
    /**
     * What happened lately.
     */
    lately: Lately & unknown;
    /**
     * Whether `/events` streams; `false` under `--no-sse`.
     */
    streaming: boolean;
    /**
     * Whether the hub stores what is posted.
     */
    ready: boolean;
    /**
     * Why not.
     */
    reason?: string;
};

/**
 * StoredAction
 *
 * An action of a stored notification.
 */
export type StoredAction = {
    /**
     * What the button says.
     */
    label: string;
    /**
     * What it opens.
     */
    url: string;
};

/**
 * Well
 *
 * It is well.
 */
export type Well = {
    /**
     * Always `ok`.
     */
    status: string;
};

export type ClearData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Only those with all of these words in message, title, link, source, actor or tags, whatever the case; words
         * in double quotes have to stand together.
         */
        q?: string;
        /**
         * Only those of this level.
         */
        level?: Array<Level>;
        /**
         * Only those with exactly this tag; with `-` before it, those without.
         */
        tag?: Array<string>;
        /**
         * Only those about this source.
         */
        source?: Array<string>;
        /**
         * Only those from this actor.
         */
        actor?: Array<string>;
        /**
         * Only those in this state.
         */
        state?: Array<State>;
        /**
         * Only those of this key.
         */
        key?: Array<string>;
        /**
         * Only those that are open, or only those that are not.
         */
        open?: boolean;
    };
    url: '/api/notifications';
};

export type ClearErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type ClearError = ClearErrors[keyof ClearErrors];

export type ClearResponses = {
    200: Removed;
};

export type ClearResponse = ClearResponses[keyof ClearResponses];

export type ListData = {
    body?: never;
    headers?: {
        /**
         * The `ETag` of an earlier answer: 304 if nothing has changed since.
         */
        'If-None-Match'?: string;
    };
    path?: never;
    query?: {
        /**
         * The most to return.
         */
        limit?: number;
        /**
         * Only those older than the one with this id is or was.
         */
        before?: string;
        /**
         * Only those with all of these words in message, title, link, source, actor or tags, whatever the case; words
         * in double quotes have to stand together.
         */
        q?: string;
        /**
         * Only those of this level.
         */
        level?: Array<Level>;
        /**
         * Only those with exactly this tag; with `-` before it, those without.
         */
        tag?: Array<string>;
        /**
         * Only those about this source.
         */
        source?: Array<string>;
        /**
         * Only those from this actor.
         */
        actor?: Array<string>;
        /**
         * Only those in this state.
         */
        state?: Array<State>;
        /**
         * Only those of this key.
         */
        key?: Array<string>;
        /**
         * Only those that are open, or only those that are not.
         */
        open?: boolean;
    };
    url: '/api/notifications';
};

export type ListErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type ListError = ListErrors[keyof ListErrors];

export type ListResponses = {
    /**
     * Notifications, newest first.
     */
    200: Array<Notification>;
};

export type ListResponse = ListResponses[keyof ListResponses];

export type PublishData = {
    body: NewNotification;
    headers?: {
        /**
         * A name for this post, 1 to 255 characters: made up by the poster, best a UUID.
         */
        'Idempotency-Key'?: string;
    };
    path?: never;
    query?: never;
    url: '/api/notifications';
};

export type PublishErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type PublishError = PublishErrors[keyof PublishErrors];

export type PublishResponses = {
    /**
     * The notification is stored and on its way to every subscriber.
     */
    201: Notification;
};

export type PublishResponse = PublishResponses[keyof PublishResponses];

export type DeleteData = {
    body?: never;
    path: {
        /**
         * The notification's id.
         */
        id: string;
    };
    query?: never;
    url: '/api/notifications/{id}';
};

export type DeleteErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type DeleteError = DeleteErrors[keyof DeleteErrors];

export type DeleteResponses = {
    /**
     * It is deleted, and every subscriber is told.
     */
    204: void;
};

export type DeleteResponse = DeleteResponses[keyof DeleteResponses];

export type GetData = {
    body?: never;
    path: {
        /**
         * The notification's id.
         */
        id: string;
    };
    query?: never;
    url: '/api/notifications/{id}';
};

export type GetErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type GetError = GetErrors[keyof GetErrors];

export type GetResponses = {
    /**
     * The notification.
     */
    200: Notification;
};

export type GetResponse = GetResponses[keyof GetResponses];

export type ReviseData = {
    body: RevisionBody;
    path: {
        /**
         * The notification's id.
         */
        id: string;
    };
    query?: never;
    url: '/api/notifications/{id}';
};

export type ReviseErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type ReviseError = ReviseErrors[keyof ReviseErrors];

export type ReviseResponses = {
    /**
     * The notification.
     */
    200: Notification;
};

export type ReviseResponse = ReviseResponses[keyof ReviseResponses];

export type WithdrawData = {
    body?: never;
    path: {
        /**
         * The key that they were posted with, percent-encoded.
         */
        key: string;
    };
    query?: never;
    url: '/api/keys/{key}';
};

export type WithdrawErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type WithdrawError = WithdrawErrors[keyof WithdrawErrors];

export type WithdrawResponses = {
    200: Removed;
};

export type WithdrawResponse = WithdrawResponses[keyof WithdrawResponses];

export type MarkReadData = {
    body: MarkRead;
    path?: never;
    query?: never;
    url: '/api/read';
};

export type MarkReadErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type MarkReadError = MarkReadErrors[keyof MarkReadErrors];

export type MarkReadResponses = {
    200: ReadMark;
};

export type MarkReadResponse = MarkReadResponses[keyof MarkReadResponses];

export type NotifyData = {
    body: NotifyRequestBody;
    headers?: {
        /**
         * A name for this post, 1 to 255 characters: made up by the poster, best a UUID.
         */
        'Idempotency-Key'?: string;
    };
    path?: never;
    query?: never;
    url: '/api/notify';
};

export type NotifyErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type NotifyError = NotifyErrors[keyof NotifyErrors];

export type NotifyResponses = {
    200: NotifyResponseBody;
};

export type NotifyResponse = NotifyResponses[keyof NotifyResponses];

export type EventsData = {
    body?: never;
    headers?: {
        /**
         * The id of the last event that was received.
         */
        'Last-Event-ID'?: string;
    };
    path?: never;
    query?: {
        /**
         * The most notifications in `init`; those that are open come besides.
         */
        limit?: number;
    };
    url: '/events';
};

export type EventsErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type EventsError = EventsErrors[keyof EventsErrors];

export type EventsResponses = {
    /**
     * The data of an event, by its name
     *
     * The stream. It goes on until one side closes it.
     */
    200: Hello | Array<Notification> | Notification | Deleted | Cleared | Read | Heartbeat;
};

export type EventsResponse = EventsResponses[keyof EventsResponses];

export type PushKeyData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/push/key';
};

export type PushKeyErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type PushKeyError = PushKeyErrors[keyof PushKeyErrors];

export type PushKeyResponses = {
    200: PushKey;
};

export type PushKeyResponse = PushKeyResponses[keyof PushKeyResponses];

export type PushSubscribeData = {
    body: NewPushSubscription;
    path?: never;
    query?: never;
    url: '/api/push/subscriptions';
};

export type PushSubscribeErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type PushSubscribeError = PushSubscribeErrors[keyof PushSubscribeErrors];

export type PushSubscribeResponses = {
    200: PushSubscription;
};

export type PushSubscribeResponse = PushSubscribeResponses[keyof PushSubscribeResponses];

export type PushUnsubscribeData = {
    body?: never;
    path: {
        /**
         * The id that subscribing gave.
         */
        id: string;
    };
    query?: never;
    url: '/api/push/subscriptions/{id}';
};

export type PushUnsubscribeErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type PushUnsubscribeError = PushUnsubscribeErrors[keyof PushUnsubscribeErrors];

export type PushUnsubscribeResponses = {
    /**
     * It is told no more.
     */
    204: void;
};

export type PushUnsubscribeResponse = PushUnsubscribeResponses[keyof PushUnsubscribeResponses];

export type StatusData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/status';
};

export type StatusResponses = {
    200: Status;
};

export type StatusResponse = StatusResponses[keyof StatusResponses];

export type HealthzData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/healthz';
};

export type HealthzResponses = {
    200: Well;
};

export type HealthzResponse = HealthzResponses[keyof HealthzResponses];

export type ReadyzData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/readyz';
};

export type ReadyzErrors = {
    /**
     * The request is not what it should be: a parameter, a header or the body.
     */
    400: ErrorBody;
    /**
     * This hub takes a publish token for what changes something, and the request shows none or a wrong one.
     */
    401: ErrorBody;
    /**
     * A page of another site asks, and the hub was not told to let it (`--cors-origin`).
     */
    403: ErrorBody;
    /**
     * There is no such thing (any more).
     */
    404: ErrorBody;
    /**
     * The body did not arrive in time.
     */
    408: ErrorBody;
    /**
     * The body is larger than any request can be.
     */
    413: ErrorBody;
    /**
     * The body is not declared to be plain JSON.
     */
    415: ErrorBody;
    /**
     * The request is for a host that this hub does not go by (`--allowed-host`).
     */
    421: ErrorBody;
    /**
     * The idempotency key was used before, for another content.
     */
    422: ErrorBody;
    /**
     * This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
     * tokens; nothing was changed.
     */
    429: ErrorBody;
    /**
     * It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
     */
    503: ErrorBody;
};

export type ReadyzError = ReadyzErrors[keyof ReadyzErrors];

export type ReadyzResponses = {
    /**
     * The hub stores what is posted.
     */
    200: Well;
};

export type ReadyzResponse = ReadyzResponses[keyof ReadyzResponses];

export type MetricsData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/metrics';
};

export type MetricsResponses = {
    /**
     * Prometheus' text format.
     */
    200: string;
};

export type MetricsResponse = MetricsResponses[keyof MetricsResponses];

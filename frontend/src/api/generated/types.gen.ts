// Written by openapi-ts from ../openapi.json; remake it with: npm run generate

export type ClientOptions = {
    baseUrl: `${string}://${string}` | (string & {});
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
     * How many events were missed since the last event id.
     */
    missed: number;
    /**
     * The id of the newest event.
     */
    latest_id: string;
    /**
     * The time between two heartbeats, in milliseconds. A client that hears nothing for 2.5 times as long
     * should reconnect.
     */
    heartbeat_ms: number;
    /**
     * The hub's version.
     */
    version: string;
};

/**
 * How much a notification matters; it decides its colour, icon and sound.
 */
export type Level = 'info' | 'success' | 'warning' | 'error';

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
    title?: string;
    /**
     * How much it matters.
     */
    level?: Level & unknown;
    /**
     * Up to 16 words of up to 64 characters to filter by.
     */
    tags?: Array<string>;
    /**
     * Where to read more: an http or https address of up to 2048 characters.
     */
    link?: string;
    /**
     * When it happened, RFC 3339. Without it, the time of arrival counts.
     */
    timestamp?: string;
};

/**
 * Notification
 *
 * A stored notification. Fields that were not set are left out.
 */
export type Notification = {
    /**
     * Made by the hub: a UUID of version 7 (RFC 9562), so that ids sort by time.
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
    timestamp?: string;
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
 * Problem
 *
 * What went wrong.
 */
export type Problem = {
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
 * Why a stream starts as it does.
 */
export type Reason = 'fresh' | 'resumed' | 'unknown' | 'expired';

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
     * Seconds since it started.
     */
    uptime_s: number;
    /**
     * Open event streams.
     */
    connections: number;
    /**
     * Stored notifications.
     */
    stored: number;
    /**
     * The id of the newest event.
     */
    latest_id: string;
    /**
     * Whether `/events` streams; `false` under `--no-sse`.
     */
    streaming: boolean;
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
    query?: never;
    url: '/api/notifications';
};

export type ClearErrors = {
    /**
     * The storage failed; nothing was changed.
     */
    503: Problem;
};

export type ClearError = ClearErrors[keyof ClearErrors];

export type ClearResponses = {
    /**
     * All are deleted, and every subscriber is told.
     */
    204: void;
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
         * Only those older than the one with this id.
         */
        before?: string;
        /**
         * Only those whose message, title or tags contain this text, whatever the case.
         */
        q?: string;
        /**
         * Only those of this level.
         */
        level?: Level;
        /**
         * Only those with exactly this tag.
         */
        tag?: string;
    };
    url: '/api/notifications';
};

export type ListErrors = {
    /**
     * A parameter is not what it should be.
     */
    400: Problem;
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
     * The body is not JSON, or not a notification within its limits.
     */
    400: Problem;
    /**
     * The body is larger than any notification can be.
     */
    413: Problem;
    /**
     * The body is not declared to be JSON.
     */
    415: Problem;
    /**
     * The notification could not be stored; nothing was changed.
     */
    503: Problem;
};

export type PublishError = PublishErrors[keyof PublishErrors];

export type PublishResponses = {
    /**
     * The notification is stored and on its way to every subscriber.
     */
    201: Notification;
};

export type PublishResponse = PublishResponses[keyof PublishResponses];

export type NotifyData = {
    body: NotifyRequestBody;
    path?: never;
    query?: never;
    url: '/api/notify';
};

export type NotifyErrors = {
    /**
     * The body is not JSON, or not a notification within its limits.
     */
    400: Problem;
    /**
     * The body is larger than any notification can be.
     */
    413: Problem;
    /**
     * The body is not declared to be JSON.
     */
    415: Problem;
    /**
     * The notification could not be stored; nothing was changed.
     */
    503: Problem;
};

export type NotifyError = NotifyErrors[keyof NotifyErrors];

export type NotifyResponses = {
    200: NotifyResponseBody;
};

export type NotifyResponse = NotifyResponses[keyof NotifyResponses];

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
     * The id is not a UUID.
     */
    400: Problem;
    /**
     * No notification with this id is stored.
     */
    404: Problem;
    /**
     * The storage failed; nothing was changed.
     */
    503: Problem;
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
     * The id is not a UUID.
     */
    400: Problem;
    /**
     * No notification with this id is stored.
     */
    404: Problem;
};

export type GetError = GetErrors[keyof GetErrors];

export type GetResponses = {
    /**
     * The notification.
     */
    200: Notification;
};

export type GetResponse = GetResponses[keyof GetResponses];

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
         * The most notifications in `init`.
         */
        limit?: number;
    };
    url: '/events';
};

export type EventsErrors = {
    /**
     * A parameter is not what it should be.
     */
    400: Problem;
    /**
     * The hub is stopping.
     */
    503: Problem;
};

export type EventsError = EventsErrors[keyof EventsErrors];

export type EventsResponses = {
    /**
     * The data of an event, by its name
     *
     * The stream. It goes on until one side closes it.
     */
    200: Hello | Array<Notification> | Notification | Deleted | Cleared | Heartbeat;
};

export type EventsResponse = EventsResponses[keyof EventsResponses];

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
     * The hub is stopping: send requests elsewhere.
     */
    503: Problem;
};

export type ReadyzError = ReadyzErrors[keyof ReadyzErrors];

export type ReadyzResponses = {
    /**
     * The hub takes requests.
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
     * OpenMetrics text.
     */
    200: string;
};

export type MetricsResponse = MetricsResponses[keyof MetricsResponses];

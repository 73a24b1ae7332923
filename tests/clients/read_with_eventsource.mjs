// Prints each event that an unchanged EventSource receives, one JSON object a line. It reconnects and resumes by
// itself after a break. What it leaves to its user (docs/PROTOCOL.md): an answer other than 200 ends it for good, and it
// does not notice that a connection is silent; both times a new one takes its place.
import { EventSource } from "eventsource";

const SILENT_HEARTBEATS = 2.5;
const PAUSE_MS = 1000;
// The longest `retry:` of a hub.
const MAX_RETRY_MS = 5000;

let lastEventId = "";
let heartbeatMs = 15_000;

function open() {
  const url = new URL(process.argv[2]);
  if (lastEventId) url.searchParams.set("last_event_id", lastEventId);
  const source = new EventSource(url);
  let watchdog;
  const replace = () => {
    clearTimeout(watchdog);
    source.close();
    setTimeout(open, PAUSE_MS);
  };
  const expectSomething = (pauseMs = 0) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(replace, pauseMs + SILENT_HEARTBEATS * heartbeatMs);
  };
  expectSomething();
  for (const name of ["hello", "init", "notification", "deleted", "cleared", "heartbeat"]) {
    source.addEventListener(name, (event) => {
      if (event.lastEventId) lastEventId = event.lastEventId;
      const data = JSON.parse(event.data);
      if (name === "hello") heartbeatMs = data.heartbeat_ms;
      expectSomething();
      if (name !== "heartbeat") console.log(JSON.stringify({ event: name, id: event.lastEventId, data }));
    });
  }
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) replace();
    else expectSomething(MAX_RETRY_MS);
  });
}

open();

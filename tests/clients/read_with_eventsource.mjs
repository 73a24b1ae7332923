// Prints each event that an unchanged EventSource receives, one JSON object a line. It reconnects and resumes by
// itself.
import { EventSource } from "eventsource";

const source = new EventSource(process.argv[2]);
for (const name of ["hello", "init", "notification", "deleted", "cleared"]) {
  source.addEventListener(name, (event) => {
    console.log(JSON.stringify({ event: name, id: event.lastEventId, data: JSON.parse(event.data) }));
  });
}

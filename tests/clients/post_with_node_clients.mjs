// Posts with clients of other hubs, as they come. Arguments: the hub's host and port, and its publish token.

import assert from "node:assert/strict";

import { GotifyClient } from "gotify-client";
import { publish } from "ntfy";

const [hub, token] = process.argv.slice(2);

const sent = await publish({
  server: `http://${hub}`,
  topic: "builds",
  message: "by ntfy ü",
  title: "T",
  priority: 5,
  tags: ["tada"],
  authorization: { username: "me", password: token },
  actions: [{ type: "view", label: "Open", url: "https://ci.example/9" }],
});
assert.equal(sent.topic, "builds");
assert.equal(sent.event, "message");

const gotify = new GotifyClient(`http://${hub}`, { app: token });
const made = await gotify.message.createMessage({ message: "by gotify-client ü", title: "T", priority: 5 });
assert.equal(typeof made.id, "number");
assert.equal(made.message, "by gotify-client ü");

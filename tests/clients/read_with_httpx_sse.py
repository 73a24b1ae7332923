"""Prints each event that httpx-sse receives, one JSON object a line.

The library leaves reconnecting to its user: wait for `retry` milliseconds, then send the last id again; and give up
a connection that is silent for 2.5 heartbeats.
"""

import json
import sys
import time

import httpx
from httpx_sse import connect_sse

SILENT_HEARTBEATS = 2.5

last_event_id = ""
retry_ms = 1000
heartbeat_ms = 15000
with httpx.Client(trust_env=False) as client:
    while True:
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        timeout = httpx.Timeout(10, read=SILENT_HEARTBEATS * heartbeat_ms / 1000)
        try:
            with connect_sse(client, "GET", sys.argv[1], headers=headers, timeout=timeout) as source:
                for event in source.iter_sse():
                    # Without an id of its own, as hello: the place stays what it was.
                    last_event_id = event.id or last_event_id
                    if event.retry is not None:
                        retry_ms = event.retry
                    data = json.loads(event.data)
                    if event.event == "hello":
                        heartbeat_ms = data["heartbeat_ms"]
                    if event.event != "heartbeat":
                        print(json.dumps({"event": event.event, "id": event.id, "data": data}), flush=True)
        except httpx.TransportError:
            pass
        time.sleep(retry_ms / 1000)

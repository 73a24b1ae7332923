"""Prints each event that httpx-sse receives, one JSON object a line.

The library leaves reconnecting to its user: wait for `retry` milliseconds, then send the last id again.
"""

import json
import sys
import time

import httpx
from httpx_sse import connect_sse

last_event_id = ""
retry_ms = 1000
with httpx.Client(timeout=None, trust_env=False) as client:
    while True:
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        try:
            with connect_sse(client, "GET", sys.argv[1], headers=headers) as source:
                for event in source.iter_sse():
                    last_event_id = event.id
                    if event.retry is not None:
                        retry_ms = event.retry
                    if event.event != "heartbeat":
                        line = {"event": event.event, "id": event.id, "data": json.loads(event.data)}
                        print(json.dumps(line), flush=True)
        except httpx.TransportError:
            pass
        time.sleep(retry_ms / 1000)

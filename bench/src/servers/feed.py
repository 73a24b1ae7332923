"""A feed as sse-starlette's users write it: one queue a subscriber. Run by the benchmark under uvicorn."""

import asyncio
import os

from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

subscribers: set[asyncio.Queue] = set()
heartbeat_seconds = float(os.environ["HEARTBEAT_SECONDS"])


async def events(request):
    queue: asyncio.Queue = asyncio.Queue()
    subscribers.add(queue)

    async def stream():
        try:
            while True:
                number, data = await queue.get()
                yield {"event": "notification", "id": str(number), "data": data}
        finally:
            subscribers.discard(queue)

    return EventSourceResponse(stream(), ping=heartbeat_seconds)


published = 0


async def publish(request):
    global published
    published += 1
    message = (published, (await request.body()).decode())
    for queue in subscribers:
        queue.put_nowait(message)
    return Response(status_code=201)


app = Starlette(routes=[Route("/events", events), Route("/publish", publish, methods=["POST"])])

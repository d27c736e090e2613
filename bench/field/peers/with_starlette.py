"""sse-starlette as one who knows it would use it: one subscription for all, a queue a client, each frame made once."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio as aioredis
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

queues: dict[bytes, set[asyncio.Queue[bytes]]] = {}
store = aioredis.Redis.from_url(os.environ["REDIS_URL"])
feed = store.pubsub(ignore_subscribe_messages=True)


async def carry() -> None:
    async for message in feed.listen():
        frame = b"data: %b\n\n" % message["data"]
        for queue in queues.get(message["channel"], ()):
            queue.put_nowait(frame)


async def told(channel: bytes) -> AsyncIterator[bytes]:
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    known = channel in queues
    queues.setdefault(channel, set()).add(queue)
    if not known:
        await feed.subscribe(channel)
    try:
        yield b":ok\n\n"
        while True:
            yield await queue.get()
    finally:
        queues[channel].discard(queue)
        if not queues[channel]:
            del queues[channel]
            await feed.unsubscribe(channel)


async def stream(request: Request) -> EventSourceResponse:
    return EventSourceResponse(told(request.query_params["channel"].encode()), ping=15, sep="\n")


@asynccontextmanager
async def life(_app: Starlette) -> AsyncIterator[None]:
    await feed.subscribe("nothing")
    task = asyncio.create_task(carry())
    yield
    task.cancel()


app = Starlette(routes=[Route("/stream", stream)], lifespan=life)

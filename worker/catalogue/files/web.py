"""fsspec's file system for http and https, for jobs: it connects only to what may be reached from one."""

from typing import Any

import aiohttp
from fsspec.asyn import sync
from fsspec.implementations.http import HTTPFileSystem

from worker.catalogue import outside
from worker.catalogue.files import limits
from worker.context import Context

#: Seconds to connect, and for the next bytes to come.
_TIMES = aiohttp.ClientTimeout(total=None, connect=15, sock_connect=15, sock_read=60)


class _Page(aiohttp.ClientResponse):
    """A page that lists a folder is read whole: it must not be one without an end."""

    async def read(self) -> bytes:
        if self._body is None:
            pieces: list[bytes] = []
            async for piece in self.content.iter_chunked(limits.CHUNK):
                pieces.append(piece)
                if sum(map(len, pieces)) > limits.MAX_PAGE_BYTES:
                    self.close()
                    raise aiohttp.ClientPayloadError("the page is too long")
            self._body = b"".join(pieces)
        return await super().read()


def web(ctx: Context) -> HTTPFileSystem:
    """Its connections are closed when the run ends. No proxy, cookie or password of the environment is used."""
    sessions: list[aiohttp.ClientSession] = []

    async def session(**given: Any) -> aiohttp.ClientSession:
        made = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(socket_factory=outside.open_socket),
            response_class=_Page,
            timeout=_TIMES,
            cookie_jar=aiohttp.DummyCookieJar(),
            **given,
        )
        sessions.append(made)
        return made

    found = HTTPFileSystem(get_client=session, skip_instance_cache=True, use_listings_cache=False)
    ctx.cleanup(lambda: [sync(found.loop, made.close) for made in sessions])
    return found

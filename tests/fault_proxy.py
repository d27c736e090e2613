"""A wire that fails as wires do: a TCP proxy in a process of its own, told its fault line by line."""

import asyncio
import contextlib
import random
import subprocess
import sys
from collections.abc import Iterator
from typing import Self

#: What becomes of the bytes. What is swallowed or spoilt stays lost: a connection that lost any is never whole again.
#:
#:   pass          all arrive
#:   delay         all arrive, so many seconds later each way
#:   cut           connections are reset, new ones too
#:   half-open     nothing arrives any more, either way, not even an end; new connections are taken and lead nowhere
#:   drop-replies  what the client says arrives, what it is answered does not
#:   garbage       what the client is answered is replaced by noise of the same length
FAULTS = ("pass", "delay", "cut", "half-open", "drop-replies", "garbage")
_CHUNK, _PIECES = 1 << 16, 256


class FaultProxy:
    """The wire to 127.0.0.1:*target*: clients connect to ``port`` (any free one unless given).

    Its process ends with ``stop``, and by itself when the process that started it is gone.
    """

    def __init__(self, target: int, *, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(port), str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._answer())
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def set(self, fault: str, seconds: float = 0.0) -> None:
        """From here on *fault*, for the connections that are there and for new ones; *seconds* are those of a delay."""
        assert fault in FAULTS
        assert self._process.stdin is not None
        self._process.stdin.write(f"{fault} {seconds}\n")
        self._process.stdin.flush()
        assert self._answer() == fault

    @contextlib.contextmanager
    def fault(self, fault: str, seconds: float = 0.0) -> Iterator[None]:
        self.set(fault, seconds)
        try:
            yield
        finally:
            self.set("pass")

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Link:
    """One client's connection and the one that was made for it."""

    def __init__(self, wire: "Wire", client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._wire, self._ends = wire, {"up": server, "down": client}
        #: The ways on which something was swallowed.
        self.deaf: set[str] = set()

    async def carry(self, way: str, reader: asyncio.StreamReader) -> None:
        """Bytes one *way* until an end; reading goes on while a delay holds them back, so that delays do not add up."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_PIECES)
        reading = asyncio.create_task(self._read(reader, pieces))
        with contextlib.suppress(OSError):
            while True:
                due, piece = await pieces.get()
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
                if not piece:
                    break
                await self._deliver(way, piece)
        reading.cancel()
        if way == "up" or not self._lost("down"):
            self.close()

    async def _read(self, reader: asyncio.StreamReader, pieces: asyncio.Queue[tuple[float, bytes]]) -> None:
        piece = b"-"
        while piece:
            try:
                piece = await reader.read(_CHUNK)
            except OSError:
                piece = b""
            await pieces.put((asyncio.get_running_loop().time() + self._wire.delay, piece))

    async def _deliver(self, way: str, piece: bytes) -> None:
        if self._lost(way):
            self.deaf.add(way)
            return
        if way == "down" and self._wire.fault == "garbage":
            piece = self._wire.noise.randbytes(len(piece))
        self._ends[way].write(piece)
        await self._ends[way].drain()

    def _lost(self, way: str) -> bool:
        fault = self._wire.fault
        return way in self.deaf or fault == "half-open" or (fault == "drop-replies" and way == "down")

    def close(self) -> None:
        self._wire.links.discard(self)
        for end in self._ends.values():
            end.transport.abort()


class Wire:
    """All links, and what is wrong with them now."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.fault, self.delay = "pass", 0.0
        self.links: set[Link] = set()
        #: Seeded, so that noise that found a fault finds it again.
        self.noise = random.Random(1)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.fault == "cut":
            writer.transport.abort()
            return
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self.links.add(link := Link(self, writer, server))
        await asyncio.gather(link.carry("up", reader), link.carry("down", answers))

    def obey(self, line: str) -> None:
        self.fault, seconds = line.split()
        self.delay = float(seconds) if self.fault == "delay" else 0.0
        for link in list(self.links) if self.fault == "cut" else ():
            link.close()


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(port: int, target: int) -> None:
    wire = Wire(target)
    server = await asyncio.start_server(wire.take, "127.0.0.1", port)
    say(server.sockets[0].getsockname()[1])
    while line := await asyncio.to_thread(sys.stdin.readline):
        wire.obey(line)
        say(wire.fault)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))

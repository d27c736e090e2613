"""A TCP proxy with scissors: cuts answers after so many bytes, and keeps what was asked and answered."""

import contextlib
import re
import select
import socket
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

_RESET = struct.pack("ii", 1, 0)


@dataclass
class Exchange:
    """One connection: what was asked on it, and what came back before it was cut behind *most* bytes."""

    most: int | None = None
    asked: bytes = b""
    answered: bytes = b""

    @property
    def cut(self) -> bool:
        return self.most is not None and len(self.answered) >= self.most

    @property
    def statuses(self) -> list[int]:
        """Those of the answers: several where the connection was kept, none where it was cut before the first."""
        return [int(found) for found in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", self.answered)]

    @property
    def last_event_id(self) -> str:
        """What the last request on it gave, where it gave one."""
        found = re.findall(rb"(?im)^last-event-id: *([^\r\n]*)", self.asked)
        return found[-1].decode() if found else ""

    def carry(self, client: socket.socket, server: socket.socket) -> bool:
        """Passes on what there is, either way; False at an end."""
        for end in select.select([client, server], [], [], 0.1)[0]:
            data = end.recv(65536)
            if not data:
                return False
            if end is client:
                self.asked += data
                server.sendall(data)
            else:
                piece = data[: None if self.most is None else self.most - len(self.answered)]
                self.answered += piece
                client.sendall(piece)
        return True


class Scissors:
    """The way to 127.0.0.1:*target*: the n-th connection is cut behind ``cuts[n]`` bytes of answer, later ones are not.

    Every other cut is a reset, the others look like a clean end.
    """

    def __init__(self, target: int, cuts: Iterable[int] = ()) -> None:
        self._target, self._cuts, self._closing = target, iter(cuts), False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.exchanges: list[Exchange] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    @property
    def statuses(self) -> list[int]:
        return [status for exchange in self.exchanges for status in exchange.statuses]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.exchanges.append(exchange := Exchange(most=next(self._cuts, None)))
                args = (client, exchange, len(self.exchanges) % 2 == 0)
                self._threads.append(thread := threading.Thread(target=self._carry, args=args, daemon=True))
                thread.start()

    def _carry(self, client: socket.socket, exchange: Exchange, reset: bool) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self._target)) as server:
            while not (self._closing or exchange.cut) and exchange.carry(client, server):
                pass
            if exchange.cut and reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

"""What the supervised processes print, line by line as honcho shows it: time, name, colour."""

import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import IO, TextIO

from honcho.printer import Message, Printer

#: A line that is longer is shown in pieces, so that nobody's endless line fills our memory.
MAX_LINE_BYTES = 64 * 1024
OURS = "tailrace"


class Screen:
    """Where the lines go; ``gone`` once nobody reads them any more."""

    def __init__(self, output: TextIO = sys.stdout) -> None:
        self.gone = False
        self._printer = Printer(output, width=len(OURS))

    def line(self, text: str | bytes, *, name: str = OURS, colour: str | None = None) -> None:
        """Shows *text* under the process's name."""
        self._printer.width = max(self._printer.width, len(name))
        now = datetime.now().astimezone()
        with self._while_read():
            self._printer.write(Message(type="line", data=text, time=now, name=name, colour=colour))

    def plain(self, text: str) -> None:
        """Shows *text* alone on its line, for people and programs that wait for it."""
        with self._while_read():
            print(text, file=self._printer.output, flush=True)

    @contextlib.contextmanager
    def _while_read(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.gone = True
            #: What is still said, at the interpreter's own end too, goes nowhere instead of failing again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._printer.output.fileno())


class Pipe:
    """One process's output: bytes in, whole lines out."""

    def __init__(self, source: IO[bytes], name: str, colour: str, screen: Screen) -> None:
        os.set_blocking(source.fileno(), False)
        self.source = source
        self._name, self._colour, self._screen = name, colour, screen
        self._rest = b""

    def read(self) -> bool:
        """Shows what has come; False when the last writer is gone."""
        try:
            data = os.read(self.source.fileno(), MAX_LINE_BYTES)
        except BlockingIOError:
            return True
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data or len(self._rest) >= MAX_LINE_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        for line in filter(None, lines):
            self._screen.line(line, name=self._name, colour=self._colour)
        return bool(data)

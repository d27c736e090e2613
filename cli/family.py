"""Processes in sessions of their own: whatever ends the family, nothing that one of them began is left."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Self

from cli import remains

#: What they get to put away what they have started, once they are told to stop.
GRACE_SECONDS = 40.0
#: What their left-overs get after that.
LEFT_SECONDS = 5.0


class Family:
    """Starts processes in *folder*; at the end, by Ctrl-C too, those that still run are interrupted and all is ended.

    A second Ctrl-C waits for nothing more.
    """

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._folder, self._environ = folder, environ
        self._members: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        #: SIGINT too: a shell's background job ignores it, and so would everything started from here.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        return self

    def start(self, words: Sequence[str], *, output: Path | None = None) -> "subprocess.Popen[bytes]":
        """One that writes to *output*, or where this process writes."""
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(output.open("wb")) if output else None
            self._members.append(self._popen(words, file))
        return self._members[-1]

    def _popen(self, words: Sequence[str], file: IO[bytes] | None) -> "subprocess.Popen[bytes]":
        error = subprocess.STDOUT if file else None
        return subprocess.Popen(
            words, cwd=self._folder, env=self._environ, stdout=file, stderr=error, start_new_session=True
        )

    def __exit__(self, *_: object) -> None:
        living = [process for process in self._members if process.poll() is None]
        with contextlib.suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
            for process in living:
                _interrupt(process)
            for process in living:
                process.wait(GRACE_SECONDS)
        remains.end({process.pid for process in self._members}, "", grace_seconds=LEFT_SECONDS)


def _interrupt(process: "subprocess.Popen[bytes]") -> None:
    """As the terminal's Ctrl-C: the whole group hears it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)

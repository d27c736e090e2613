"""Ends everything that ``up`` started once ``up`` is gone, however it went.

A process of its own, in a session of its own, with the reading end of a pipe as its stdin. ``up`` writes ``+SESSION``
and ``-SESSION`` lines; the end of the pipe is the end of ``up``, also by kill -9.
"""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterable

from cli.remains import MARK, end

#: What processes get between SIGTERM and SIGKILL when nobody supervises them any more.
GRACE_SECONDS = 5.0


class Reaper:
    """The watching process as ``up`` sees it: told of sessions, started anew if it dies."""

    def __init__(self, *, keep_open: Iterable[int] = ()) -> None:
        """*keep_open*: descriptors that it holds to its end, so that a lock outlives ``up`` until all is gone."""
        self.mark = secrets.token_hex(16)
        self._keep_open = tuple(keep_open)
        self._sessions: set[int] = set()
        self._start()

    def watch(self, session: int) -> None:
        """Ends this session too when ``up`` is gone."""
        self._sessions.add(session)
        self._write(f"+{session}\n")

    def forget(self, session: int) -> None:
        """The session is empty; its number may come to belong to somebody else."""
        self._sessions.discard(session)
        self._write(f"-{session}\n")

    def close(self) -> None:
        """Lets it end what is left, and waits for that."""
        os.close(self._pipe)
        self._process.wait()

    def keep(self) -> None:
        """Starts it again if somebody killed it."""
        if self._process.poll() is not None:
            os.close(self._pipe)
            self._start()
            for session in self._sessions:
                self._write(f"+{session}\n")

    def _start(self) -> None:
        reading, self._pipe = os.pipe()
        with open(reading, "rb") as stdin:  # noqa: PTH123 - a descriptor
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cli.reaper", self.mark],
                #: Without the mark of an outer one, whose reaper would end this one before its time.
                env={name: value for name, value in os.environ.items() if name != MARK},
                stdin=stdin,
                start_new_session=True,
                pass_fds=self._keep_open,
            )

    def _write(self, line: str) -> None:
        try:
            os.write(self._pipe, line.encode())
        except BrokenPipeError:
            self.keep()


def main(mark: str) -> None:
    """Collects sessions until the pipe ends, then ends them and whatever carries the mark."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sessions: set[int] = set()
    for line in sys.stdin:
        session = int(line[1:])
        if line.startswith("+"):
            sessions.add(session)
        else:
            sessions.discard(session)
    end(sessions, mark, grace_seconds=GRACE_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])

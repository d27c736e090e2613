"""Signals as bytes of a socket, so that one loop waits for children, output and the person alike."""

import contextlib
import signal
import socket
from collections.abc import Iterator
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Counts the wishes to stop; ``fileno`` becomes readable with every signal, a child's end included."""

    def __init__(self) -> None:
        self.stops = 0
        self._reading, self._writing = socket.socketpair()
        self._reading.setblocking(False)
        self._writing.setblocking(False)

    def fileno(self) -> int:
        """What to wait for."""
        return self._reading.fileno()

    def drain(self) -> None:
        """Takes what is there to read; the signals themselves have been counted."""
        with contextlib.suppress(BlockingIOError):
            while self._reading.recv(512):
                pass

    @contextlib.contextmanager
    def installed(self) -> Iterator["Signals"]:
        """Takes the process's signals over; a SIGHUP that nohup silenced stays silent."""
        numbers = [n for n in STOPPING if signal.getsignal(n) is not signal.SIG_IGN or n is not signal.SIGHUP]
        before = {number: signal.signal(number, self._stop) for number in numbers}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        wakeup = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        try:
            yield self
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, old in before.items():
                signal.signal(number, old)
            self._reading.close()
            self._writing.close()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stops += 1


def described(code: int) -> str:
    """How a process ended, for a person: its exit code or its signal."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"

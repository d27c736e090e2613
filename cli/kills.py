"""kill -9, SIGSTOP and SIGTERM to processes below ``up``, chosen at random; what was stopped goes on later."""

import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import psutil

PAUSES_SECONDS = (0.3, 3.5)
KILLED = ("web master", "web worker", "worker", "worker child", "warden", "Redis", "reaper")
#: How long each is held still. The longest are longer than a lease: a whole worker finds its jobs gone when it wakes.
STOPPED = {
    "web worker": (0.5, 8.0),
    "worker": (0.5, 9.0),
    "worker child": (0.5, 10.0),
    "warden": (0.5, 9.0),
    "Redis": (0.5, 8.0),
    "whole worker": (8.0, 12.0),
}
TOLD = ("worker",)
#: What a killed process may be missed for, until another one does its work.
MISSED_SECONDS = 10.0

Deed = tuple[str, str]
DEEDS: list[Deed] = [
    *(("killed", kind) for kind in KILLED),
    *(("stopped", kind) for kind in STOPPED),
    *(("told to end", kind) for kind in TOLD),
]


class Fault(NamedTuple):
    """What was done, to whom, and for how long they did not do their work; by CLOCK_MONOTONIC."""

    deed: str
    kind: str
    pids: frozenset[int]
    since: float
    until: float


class Kills:
    """Chooses victims by *dice* among the processes below *up*; ``faults`` are in their order."""

    def __init__(self, up: int, dice: random.Random, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.faults: list[Fault] = []
        self._up, self._dice, self._clock = up, dice, clock
        self._asleep: list[tuple[float, list[psutil.Process]]] = []
        self._kinds: dict[str, Callable[[psutil.Process], bool]] = {
            "web master": lambda process: self._leads(process, "gunicorn"),
            "web worker": lambda process: self._follows(process, "gunicorn"),
            "worker": lambda process: self._leads(process, "celery"),
            "whole worker": lambda process: self._leads(process, "celery"),
            "worker child": lambda process: self._follows(process, "celery"),
            "warden": lambda process: _named(process, "worker.warden"),
            "Redis": lambda process: self._leads(process, "redis.conf"),
            "reaper": lambda process: self._leads(process, "cli.reaper"),
        }

    @property
    def done(self) -> Counter[Deed]:
        """How often each deed was done."""
        return Counter((fault.deed, fault.kind) for fault in self.faults)

    def pause(self) -> float:
        """Seconds to the next one."""
        return self._dice.uniform(*PAUSES_SECONDS)

    def one(self) -> None:
        """Does one deed to one process of a kind, if there is one now."""
        (deed, kind), at, seconds = self._dice.choice(DEEDS), self._dice.random(), self._dice.random()
        with contextlib.suppress(psutil.Error):
            found = [p for p in psutil.Process(self._up).children(recursive=True) if self._is(kind, p)]
            if found:
                self._do(deed, kind, found[int(at * len(found))], seconds)

    def wake(self, *, everybody: bool = False) -> None:
        """Lets those go on whose time has come."""
        now = self._clock()
        due = [each for each in self._asleep if everybody or each[0] <= now]
        self._asleep = [each for each in self._asleep if each not in due]
        for _, processes in due:
            for process in processes:
                with contextlib.suppress(psutil.Error):
                    process.send_signal(signal.SIGCONT)

    def _do(self, deed: str, kind: str, process: psutil.Process, part: float) -> None:
        victims, now = [process], self._clock()
        seconds = MISSED_SECONDS
        if deed == "stopped":
            shortest, longest = STOPPED[kind]
            seconds = shortest + part * (longest - shortest)
            victims += process.children(recursive=True) if kind == "whole worker" else []
            self._asleep.append((now + seconds, victims))
        for victim in victims:
            with contextlib.suppress(psutil.Error):
                victim.send_signal(_SIGNALS[deed])
        self.faults.append(Fault(deed, kind, frozenset(victim.pid for victim in victims), now, now + seconds))

    def _is(self, kind: str, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            return self._kinds[kind](process)
        return False

    def _leads(self, process: psutil.Process, word: str) -> bool:
        return process.ppid() == self._up and _named(process, word)

    def _follows(self, process: psutil.Process, word: str) -> bool:
        return process.ppid() != self._up and _named(process, word)


_SIGNALS = {"killed": signal.SIGKILL, "stopped": signal.SIGSTOP, "told to end": signal.SIGTERM}


def _named(process: psutil.Process, word: str) -> bool:
    return any(word in part for part in process.cmdline())

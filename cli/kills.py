"""kill -9 of one process below ``up``, chosen at random."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable

import psutil

PAUSES_SECONDS = (0.5, 5.0)


class Kills:
    """Chooses victims by *dice* among the processes below *up*; ``done`` counts what was killed."""

    def __init__(self, up: int, dice: random.Random) -> None:
        self.done: Counter[str] = Counter()
        self._up, self._dice = up, dice
        self._kinds: dict[str, Callable[[psutil.Process], bool]] = {
            "web master": lambda process: self._leads(process, "gunicorn"),
            "web worker": lambda process: self._follows(process, "gunicorn"),
            "worker": lambda process: self._leads(process, "celery"),
            "worker child": lambda process: self._follows(process, "celery"),
            "Redis": lambda process: self._leads(process, "redis.conf"),
            "reaper": lambda process: self._leads(process, "cli.reaper"),
        }

    def pause(self) -> float:
        """Seconds to the next one."""
        return self._dice.uniform(*PAUSES_SECONDS)

    def one(self) -> None:
        """Kills one process of a kind, if there is one now."""
        kind, at = self._dice.choice(list(self._kinds)), self._dice.random()
        with contextlib.suppress(psutil.Error):
            found = [p for p in psutil.Process(self._up).children(recursive=True) if self._is(kind, p)]
            if found:
                found[int(at * len(found))].kill()
                self.done[kind] += 1

    def _is(self, kind: str, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            return self._kinds[kind](process)
        return False

    def _leads(self, process: psutil.Process, word: str) -> bool:
        return process.ppid() == self._up and _named(process, word)

    def _follows(self, process: psutil.Process, word: str) -> bool:
        return process.ppid() != self._up and _named(process, word)


def _named(process: psutil.Process, word: str) -> bool:
    return any(word in part for part in process.cmdline())

"""The processes that work on a job's files, several at a time, each replaced when a file has been too much for it."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: The repository's root, from which a process imports what is ours.
ROOT = Path(__file__).resolve().parents[3]
#: What of the worker's environment a process needs; its secrets it does not.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "TAILRACE_RUN")
#: Ends that say nothing of the file: somebody, or a machine short of memory, has ended the process. Once is chance.
_FROM_OUTSIDE = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGQUIT, -signal.SIGHUP}
_READ = 64 << 10
#: The package itself would bring every job type, with pydantic: half a second and 30 MB that no file needs.
_BEGIN = """
import sys, types
package = sys.modules["worker.catalogue"] = types.ModuleType("worker.catalogue")
package.__path__ = sys.argv[1:]
from worker.catalogue.files.hand import main
main()
"""

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    number: int
    #: The copy to work on, gone once it is answered; where the result belongs; what the file is called.
    source: Path
    target: Path
    name: str

    def line(self, operation: dict[str, Any]) -> bytes:
        parts = {"number": self.number, "source": str(self.source), "target": str(self.target), "name": self.name}
        return json.dumps({**parts, "operation": operation}).encode() + b"\n"


class Hand:
    """One process, and the task that it has."""

    def __init__(self, operation: dict[str, Any]) -> None:
        self._operation = operation
        self.task: Task | None = None
        self.since = 0.0
        self._tries, self._read = 0, b""
        #: Whether any process of this hand has ever answered: one that cannot begin is no file's fault.
        self._proven = False
        self._begin()

    def _begin(self) -> None:
        """In the job's process group and under its mark: what ends the job from outside ends this too."""
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        #: As many threads as there are hands are enough.
        env = {**kept, "PYTHONPATH": path, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-c", _BEGIN, str(ROOT / "worker" / "catalogue")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
            cwd=ROOT,
            bufsize=0,
        )

    @property
    def output(self) -> int:
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        return self._process.stdout.fileno()

    def give(self, task: Task) -> None:
        self.task, self.since, self._tries = task, time.monotonic(), self._tries + 1
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        with suppress(BrokenPipeError):  # its end is seen where it is read
            self._process.stdin.write(task.line(self._operation))

    def read(self) -> Answer | None:
        """Its answer, once that is whole."""
        data = os.read(self.output, _READ)
        self._read += data
        if data and not self._read.endswith(b"\n"):
            return None
        answer = json.loads(self._read) if data else self._gone()
        return None if answer is None else self.settled(answer)

    def settled(self, answer: Answer) -> Answer:
        if self.task is not None:
            self.task.source.unlink(missing_ok=True)
        self.task, self._read, self._tries, self._proven = None, b"", 0, True
        return answer

    def _gone(self) -> Answer | None:
        """The process is no more, and another takes its place; a task that it was not the end of is tried again."""
        code, task = self._process.wait(), self.task
        self.end()
        if code > 0 and not self._proven:
            raise RuntimeError(f"a process that works on files ended with code {code} before it answered anything")
        self._read = b""
        self._begin()
        if task is None:
            return None
        if code in _FROM_OUTSIDE and self._tries == 1:
            task.target.unlink(missing_ok=True)
            self.give(task)
            return None
        return self.fault("crashed", "The library that reads such files crashed on this one, or ran out of memory.")

    def too_slow(self, seconds: float) -> Answer:
        """Ends the process for its task has taken too long."""
        self.end()
        self._begin()
        return self.settled(self.fault("too_slow", f"The file took more than {seconds:g} seconds."))

    def fault(self, code: str, text: str) -> Answer:
        assert self.task is not None  # noqa: S101 - only a task can have one
        self.task.target.unlink(missing_ok=True)
        return {"number": self.task.number, "state": "failed", "code": code, "error": text}

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


class Crew:
    """*size* processes at most, each begun when there is something for it to do."""

    def __init__(self, size: int, operation: dict[str, Any], *, file_seconds: float) -> None:
        self._size, self._operation, self._file_seconds = size, operation, file_seconds
        self._hands: list[Hand] = []

    @property
    def busy(self) -> int:
        """How many files are being worked on."""
        return sum(hand.task is not None for hand in self._hands)

    @property
    def full(self) -> bool:
        return self.busy == self._size

    def give(self, task: Task) -> None:
        hand = next((hand for hand in self._hands if hand.task is None), None)
        if hand is None:
            hand = Hand(self._operation)
            self._hands.append(hand)
        hand.give(task)

    def answers(self, seconds: float) -> Iterator[Answer]:
        """What is answered within so many seconds; ends at the first moment at which there is something."""
        busy = [hand for hand in self._hands if hand.task is not None]
        with selectors.DefaultSelector() as selector:
            for hand in busy:
                selector.register(hand.output, selectors.EVENT_READ, hand)
            ready: list[Hand] = [key.data for key, _ in selector.select(seconds)]
        for hand in ready:
            answer = hand.read()
            if answer is not None:
                yield answer
        late = time.monotonic() - self._file_seconds
        yield from (hand.too_slow(self._file_seconds) for hand in busy if hand.task is not None and hand.since < late)

    def end(self) -> None:
        """Ends every process, whatever it is doing."""
        while self._hands:
            self._hands.pop().end()

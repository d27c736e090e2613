"""Writes events to the logs of many jobs, so many a second of each, through the writer that a worker's publisher has.

A process of its own that overload.py starts: a worker that runs as many jobs would need the machine for itself. It says
the jobs' ids, then obeys its standard input line by line: a rate in events a second for each job, or "end".
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator

from jobs import events as ev
from jobs.files import new_id
from jobs.settings import Settings
from jobs.wiring import assemble
from jobs.writer import Writer


class Job:
    """One job, and what it tells next."""

    def __init__(self, writer: Writer) -> None:
        self._writer, self.told = writer, 0
        self.id = writer.job_id
        writer.create([ev.JobQueued(request=ev.Request(type="torrent", params={}))])
        writer.write([ev.JobStarted(worker="bench", attempt=1), ev.StepStarted(name="pour")])
        self._next = self._events()

    def tell(self, count: int) -> None:
        self._writer.write([next(self._next) for _ in range(count)])
        self.told += count

    def end(self) -> None:
        self._writer.write([ev.StepSucceeded(name="pour", seconds=1.0), ev.JobSucceeded(result=self.told)])

    def _events(self) -> Iterator[ev.AnyEvent]:
        """Of twenty: two pieces of text, an item, a line, five numbers, and progress for the rest."""
        n = length = 0
        while True:
            n += 1
            match n % 20:
                case 3 | 13:
                    yield ev.OutputAppended(name="speech", offset=length, text=(text := f"some words and more {n} "))
                    length += len(text)
                case 6:
                    yield ev.ItemFinished(key=f"item {n}", state="succeeded")
                case 9:
                    yield ev.LogWritten(level="info", message=f"line {n}")
                case 1 | 5 | 10 | 15 | 18:
                    yield ev.MetricMeasured(name="loss", value=1 / n, step=n)
                case _:
                    yield ev.StepProgressed(name="pour", done=n, total=10**6)


class Torrent(threading.Thread):
    """Tells of all jobs in turn, each as often as the rate says; where it cannot keep up, more at a time."""

    def __init__(self, jobs: list[Job]) -> None:
        super().__init__(daemon=True)
        self._jobs, self._rate, self._since, self._told = jobs, 0.0, time.monotonic(), [0] * len(jobs)
        self.over = False

    def set(self, rate: float) -> None:
        self._rate, self._since, self._told = rate, time.monotonic(), [0] * len(self._jobs)

    def run(self) -> None:
        while not self.over:
            if not self._round():
                time.sleep(0.001)

    def _round(self) -> bool:
        some = False
        for place, job in enumerate(self._jobs):
            #: Not all at one moment: each a little later than the one before.
            owed = (time.monotonic() - self._since) * self._rate - place / len(self._jobs)
            due = int(owed) - self._told[place]
            if due > 0:
                job.tell(min(due, 200))
                self._told[place] += min(due, 200)
                some = True
        return some


def main(count: int, say: Callable[[str], object] = print) -> None:
    parts = assemble(Settings.from_env(os.environ))
    jobs = [Job(Writer(parts.log, new_id(), parts.clock)) for _ in range(count)]
    say(" ".join(job.id for job in jobs))
    sys.stdout.flush()
    torrent = Torrent(jobs)
    torrent.start()
    for line in sys.stdin:
        if line.strip() == "end":
            break
        torrent.set(float(line))
    torrent.over = True
    torrent.join()
    for job in jobs:
        job.end()


if __name__ == "__main__":
    main(int(sys.argv[1]))

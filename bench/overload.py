"""Five times what the machine carries: streams get less and are told so, REST stays quick, and all is well again after.

    .venv/bin/python -m bench.overload [--jobs 20] [--readers 1500] [--times 5] [--seconds 20]

Starts Redis, one web process, one worker, and a process that writes to the logs of twenty jobs. First the load grows
step by step until an event takes 100 ms to one in a hundred of its readers: what was carried before counts. Then comes
five times that. Prints the levels, how long REST took meanwhile, what became of the streams, and how long after the
load's end the level was 0 again. All of it, and the readers, share one machine.
"""

import argparse
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from typing import NamedTuple

from bench.crowd import Crowd
from bench.stage import PATIENCE_SECONDS, Stage, crowd_of, percentile, stage, table, tell_faults
from tests.service import ROOT

#: Seconds of each step while the load grows, those in which what it measures settles, and how much it grows.
STEP, SETTLE, GROWTH = 3.0, 1.0, 1.5
#: The highest p99 in seconds at which a load counts as carried.
CARRIED = 0.1
#: Events a second of each job where there is hardly any load.
LITTLE = 1.0
SOON_SECONDS = 30.0


class Knock(NamedTuple):
    """One call beside the streams."""

    at: float
    what: str
    milliseconds: float
    code: int
    level: int


class Knocks(threading.Thread):
    """What knock.py says."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        command = [sys.executable, str(ROOT / "bench" / "knock.py"), str(port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.heard: list[Knock] = []

    def run(self) -> None:
        for line in self._process.stdout or ():
            at, what, milliseconds, code, level = line.split()
            self.heard.append(Knock(float(at), what, float(milliseconds), int(code), int(level)))

    @property
    def level(self) -> int:
        return self.heard[-1].level if self.heard else 0

    def stop(self) -> None:
        self._process.kill()
        self.join()
        self._process.communicate()


class Torrent:
    """torrent.py, which writes to the logs of *count* jobs."""

    def __init__(self, made: Stage, count: int) -> None:
        command = [sys.executable, "-m", "bench.torrent", str(count)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, env=made.env, stdin=pipe, stdout=pipe, text=True)
        self.job_ids = self._process.stdout.readline().split() if self._process.stdout else []

    def say(self, word: object) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(f"{word}\n")
            self._process.stdin.flush()

    def stop(self) -> None:
        """Its jobs end, and it does."""
        with suppress(OSError, ValueError, subprocess.TimeoutExpired):
            self.say("end")
            self._process.communicate(timeout=30)
        self._process.kill()
        self._process.wait()


class Overload:
    def __init__(self, made: Stage, crowd: Crowd, torrent: Torrent, knocks: Knocks) -> None:
        self.made, self.crowd, self.torrent, self.knocks = made, crowd, torrent, knocks
        #: Deliveries a second.
        self.carried = self.offered = self.got = 0.0
        self.steps: list[tuple[float, float, int]] = []
        #: Until when there was hardly any load; then the times of the flood.
        self.quiet = self.began = self.ended = 0.0
        self.back: float | None = None
        self.open = 0
        self.faults: list[str] = []

    def run(self, *, readers: int, seconds: float, times: float = 1.0, rate: float | None = None) -> None:
        """Where no *rate* is given, it is *times* what is carried."""
        jobs = self.torrent.job_ids
        self.crowd.join([jobs[number % len(jobs)] for number in range(readers)])
        self.torrent.say(LITTLE)
        self.crowd.run(self.crowd.begun, 60)
        self.crowd.run(seconds=STEP)
        self.quiet = time.time()
        if rate is None:
            rate = self._carries(readers) * times
            self.torrent.say(LITTLE)
            self.crowd.run(lambda: self.knocks.level == 0, SOON_SECONDS)
        self._flood(rate, readers, seconds)
        self.torrent.stop()
        self.crowd.run(self.crowd.over, PATIENCE_SECONDS)
        self.faults += self.made.judge(self.crowd.readers)

    def _carries(self, readers: int) -> float:
        """The highest rate of each job that was carried."""
        rate, carried = 4.0, LITTLE
        #: What fails once may be another program's fault.
        while self._step(rate, readers) or self._step(rate, readers):
            carried, self.carried = rate, rate * readers
            rate *= GROWTH
        return carried

    def _step(self, rate: float, readers: int) -> bool:
        """Whether so much is carried."""
        self.torrent.say(rate)
        self.crowd.run(seconds=SETTLE)
        p99, got = self._measured(STEP)
        self.steps.append((rate * readers, p99, self.knocks.level))
        return p99 < CARRIED and self.knocks.level == 0 and got > 0.8 * rate * readers

    def _measured(self, seconds: float) -> tuple[float, float]:
        """p99 in seconds, and frames a second."""
        del self.crowd.latencies[:]
        events, self.crowd.timing = self.crowd.events, True
        self.crowd.run(seconds=seconds)
        self.crowd.timing = False
        return percentile(self.crowd.latencies, 0.99), (self.crowd.events - events) / seconds

    def _flood(self, rate: float, readers: int, seconds: float) -> None:
        self.offered, self.began = rate * readers, time.time()
        self.torrent.say(rate)
        self.got = self._measured(seconds)[1]
        self.torrent.say(LITTLE)
        self.ended = time.time()
        self.open = sum(reader.sock is not None for reader in self.crowd.readers)
        if self.crowd.run(lambda: self.knocks.level == 0, SOON_SECONDS):
            self.back = time.time() - self.ended
        self.crowd.run(seconds=1)

    def during(self) -> list[Knock]:
        return [knock for knock in self.knocks.heard if self.began <= knock.at <= self.ended]

    def before(self) -> list[Knock]:
        return [knock for knock in self.knocks.heard if knock.at < self.quiet]


def show(overload: Overload) -> None:
    crowd, during = overload.crowd, overload.during()
    print("\nwhat it carries, as deliveries a second (p99, ms; level):")
    print("  " + " · ".join(f"{offered:,.0f} ({p99 * 1000:.0f}; {level})" for offered, p99, level in overload.steps))
    rows: list[tuple[str, object]] = [
        ("carried, deliveries a second", overload.carried),
        ("offered then, deliveries a second", overload.offered),
        ("  frames that readers got, a second", overload.got),
        ("levels in that time", " ".join(str(level) for level, _ in groupby(knock.level for knock in during))),
        ("level 0 again, seconds after (bar: 10)", "not at all" if overload.back is None else overload.back),
    ]
    for what in sorted({knock.what for knock in during}):
        usual = [knock.milliseconds for knock in overload.before() if knock.what == what]
        took = [knock.milliseconds for knock in during if knock.what == what]
        codes = dict(Counter(knock.code for knock in during if knock.what == what))
        figures = [percentile(usual, 0.99), percentile(took, 0.5), percentile(took, 0.99)]
        rows.append((f"{what} {codes}: p99 before; p50, p99, ms", " ".join(f"{each:.1f}" for each in figures)))
    rows += [
        ("streams open at the load's end", f"{overload.open} of {len(crowd.readers)}"),
        ("  that came to the job's end", crowd.left),
        ("  with a gap told", sum(bool(reader.told.gaps) for reader in crowd.readers)),
        ("  told of a level", sum(("stream.degraded", "overload") in reader.told.reasons for reader in crowd.readers)),
        ("  frames that stood for several", sum(reader.told.merged for reader in crowd.readers)),
        ("sequences that are not whole", len(overload.faults)),
    ]
    table(f"{len(crowd.readers)} readers under too much", rows)
    tell_faults(overload.faults)


@contextmanager
def beside(made: Stage, jobs: int) -> Iterator[tuple[Torrent, Knocks]]:
    torrent, knocks = Torrent(made, jobs), Knocks(made.port)
    knocks.start()
    try:
        yield torrent, knocks
    finally:
        torrent.stop()
        knocks.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--readers", type=int, default=1500)
    parser.add_argument("--times", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    with stage(slots=2) as made, crowd_of(made) as crowd, beside(made, given.jobs) as (torrent, knocks):
        overload = Overload(made, crowd, torrent, knocks)
        overload.run(readers=given.readers, times=given.times, seconds=given.seconds)
        show(overload)


if __name__ == "__main__":
    main()

"""Three thousand readers of two hundred jobs; a web process, then Redis, then everything goes down and comes back.

    .venv/bin/python -m bench.havoc [--readers 3000] [--jobs 200] [--seconds 14]

Starts Redis with an append-only file, two web processes on one port and two workers. A web process is killed and
started again, then Redis, then all web processes and workers are told to stop and replaced, one after the other. Every
reader comes back with its last id whenever its stream breaks. At the end everybody's sequence is held against its job's
log, whole or with a gap told; and what the readers left behind in the web processes and in Redis is counted.
"""

import argparse
import contextlib
import signal
import threading
import time
import traceback
from collections.abc import Callable

import psutil

from bench import leaks
from bench.crowd import Crowd
from bench.stage import PATIENCE_SECONDS, Stage, crowd_of, stage, table, tell_faults, wait_for
from tests.service import Process

#: Seconds that a fault has for itself before the next; those that Redis is away.
BETWEEN, AWAY = 5.0, 2.0
#: Beside the readers.
WEB = WORKERS = 2
ENV = {"TAILRACE_DRAIN_SECONDS": "2"}


class Faults(threading.Thread):
    """One thing after another is done to *made*; the readers go on meanwhile."""

    def __init__(self, made: Stage, between: float = BETWEEN) -> None:
        super().__init__(daemon=True)
        self._made, self._between = made, between
        self.done: list[tuple[str, float]] = []
        self.over, self.error = False, ""

    def run(self) -> None:
        try:
            for name, fault in (("web killed", self._kill_web), ("Redis killed", self._kill_redis), *self._rolling()):
                time.sleep(self._between)
                began = time.monotonic()
                fault()
                self.done.append((name, time.monotonic() - began))
        except BaseException:  # noqa: BLE001 - told at the end
            self.error = traceback.format_exc()
        self.over = True

    def _rolling(self) -> list[tuple[str, Callable[[], None]]]:
        made = self._made
        webs = [("web replaced", lambda: self._replace("web", made.web))] * len(made.living("web"))
        workers = [("worker replaced", lambda: self._replace("worker", made.worker))] * len(made.living("worker"))
        return [*webs, *workers]

    def _kill_web(self) -> None:
        web = self._made.living("web")[0]
        family = web.children()
        web.kill()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._made.web()

    def _kill_redis(self) -> None:
        self._made.redis.kill()
        time.sleep(AWAY)
        self._made.redis.start()

    def _replace(self, kind: str, start: Callable[[], Process]) -> None:
        """The oldest that lives."""
        old = self._made.living(kind)[0]
        old.popen.send_signal(signal.SIGTERM)
        wait_for(lambda: old.popen.poll() is not None, 45, what=f"{old.name} to end")
        start()


class Havoc:
    def __init__(self, made: Stage, crowd: Crowd) -> None:
        self.made, self.crowd = made, crowd
        self.faults: list[str] = []
        self.over = False
        self.took = 0.0

    def run(self, faults: Faults, *, readers: int, jobs: int, seconds: float, rate: float = 4.0) -> None:
        before = leaks.warmed(self.made, self.crowd)
        began = time.monotonic()
        ids = [self.made.submit("chatter", rate=rate, seconds=seconds, text="word ")["id"] for _ in range(jobs)]
        self.crowd.join([ids[number % jobs] for number in range(readers)])
        self.crowd.run(lambda: sum(self.crowd.codes.values()) >= readers, 60)
        faults.start()
        self.crowd.run(lambda: faults.over, PATIENCE_SECONDS * 2)
        self.over = self.crowd.run(self.crowd.over, PATIENCE_SECONDS * 2)
        self.took = time.monotonic() - began
        self.faults = [faults.error] if faults.error else []
        self.faults += self.made.judge(self.crowd.readers)
        self.left_over, self.counted = leaks.left_over(self.made, before)


def show(havoc: Havoc, faults: Faults) -> None:
    readers = havoc.crowd.readers
    rows: list[tuple[str, object]] = [(f"{name}, back after s", seconds) for name, seconds in faults.done]
    gaps = [reason for reader in readers for reason in reader.told.gaps]
    rows += [
        ("seconds in all", havoc.took),
        ("frames that readers got", havoc.crowd.events),
        ("connections of each reader", sum(reader.connection for reader in readers) / len(readers)),
        ("answers by code", dict(havoc.crowd.codes)),
        ("readers that came to the end", f"{havoc.crowd.left} of {len(readers)}"),
        ("  with a gap told", f"{sum(bool(reader.told.gaps) for reader in readers)} {sorted(set(gaps))}"),
        ("sequences that are not whole", len(havoc.faults)),
        ("left behind", "; ".join(havoc.left_over) or "nothing"),
    ]
    table(f"{len(readers)} readers through kills and restarts", rows)
    for name, counted in havoc.counted.items():
        print(f"  {name}: {counted}")
    tell_faults(havoc.faults)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=3000)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=14.0, help="how long each job takes; forty run at a time")
    given = parser.parse_args()
    with stage(web=WEB, worker=WORKERS, slots=20, **ENV) as made, crowd_of(made) as crowd:
        havoc, faults = Havoc(made, crowd), Faults(made)
        havoc.run(faults, readers=given.readers, jobs=given.jobs, seconds=given.seconds)
        show(havoc, faults)


if __name__ == "__main__":
    main()

"""Cancels jobs that are busy in every way there is, and measures from outside when they are gone.

    .venv/bin/python bench/cancel.py [--runs 100] [--kinds track,sleep,…] [--grace 1.0]

Starts Redis, one web process and one worker with one slot; submits and cancels over HTTP. From the moment the cancel is
sent it measures: until the terminal event is in the log, by its own time; until a client that polls for the end by
?wait= knows of it; until every process of the job is gone, seen by pid; and, by the log's own times again, from the
terminal event until the job behind it has begun in the same slot. A job that ended by itself leaves its slot's process
behind: of that the next job is the proof, which has to run in it. The grace is --grace instead of the usual 5 seconds
to bound the time this takes; the interrupt comes after half of it, or 1 s where that is less.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import psutil

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tests.service import Service, running_service, wait_for  # noqa: E402 - the root is on the path from here on

KINDS = ("queued", "track", "sleep", "socket", "subprocess", "spin", "c-call")
LOOK_SECONDS = 0.002


class Trial(NamedTuple):
    """One cancelled job, in seconds."""

    mode: str
    ended: float
    told: float
    gone: float | None = None
    follows: float | None = None


class Eyes(threading.Thread):
    """Watches processes from outside until none is left."""

    def __init__(self, pids: Sequence[int]) -> None:
        super().__init__(daemon=True)
        self._left, self.gone_at = [psutil.Process(pid) for pid in pids], 0.0

    def run(self) -> None:
        while any(_lives(process) for process in self._left):
            time.sleep(LOOK_SECONDS)
        self.gone_at = time.time()


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


class Bench:
    """One service with one slot: a job in it, and one behind."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.service, self._marks = service, (folder / str(n) for n in count())

    def queued(self, trials: int, grace: float) -> list[Trial]:
        """Jobs that wait behind one that runs."""
        first, _ = self._begun("sleep")
        jobs = [self.service.submit("sleep", marks="")["id"] for _ in range(trials)]
        made = [self._trial_of(self._cancel(job_id, grace)) for job_id in jobs]
        self._cancel(first, grace)
        return made

    def running(self, kind: str, trials: int, grace: float) -> list[Trial]:
        return [self._trial(kind, grace) for _ in range(trials)]

    def _trial(self, kind: str, grace: float) -> Trial:
        job_id, (slot, *others) = self._begun(kind)
        behind = self.service.submit("next")["id"]
        eyes = Eyes([slot, *others] if kind == "c-call" else others)
        eyes.start()
        cancel = self._cancel(job_id, grace)
        after = self.service.wait(behind)
        eyes.join(20)
        trial = self._trial_of(cancel)
        if (after["result"] == slot) is (trial.mode == "killed"):
            sys.exit(f"a job that was {trial.mode} left its slot to {after['result']}, it had run in {slot}")
        follows = _moment(after["started_at"]) - _moment(cancel[2]["finished_at"])
        return trial._replace(gone=eyes.gone_at - cancel[0] if kind in GONE else None, follows=follows)

    def _trial_of(self, cancel: tuple[float, float, dict[str, Any]]) -> Trial:
        asked, told, ended = cancel
        return Trial(ended["cancel"]["mode"], _moment(ended["finished_at"]) - asked, told - asked)

    def _begun(self, kind: str) -> tuple[str, list[int]]:
        marks = next(self._marks)
        job_id = self.service.submit(kind, marks=str(marks))["id"]
        return job_id, wait_for(lambda: [int(pid) for pid in marks.read_text().split()] if marks.exists() else [])

    def _cancel(self, job_id: str, grace: float = 5.0) -> tuple[float, float, dict[str, Any]]:
        asked = time.time()
        answer = self.service.client.post(f"/v1/jobs/{job_id}/cancel", json={"grace_seconds": grace})
        answer.raise_for_status()
        ended = self.service.client.get(f"/v1/jobs/{job_id}?wait=15").json()
        return asked, time.time(), ended


#: The kinds that have processes which must be gone.
GONE = ("subprocess", "c-call")


def _moment(time_of: str) -> float:
    return datetime.fromisoformat(time_of).timestamp()


def _row(name: str, values: Sequence[float | None]) -> str:
    known = sorted(value * 1000 for value in values if value is not None)
    if not known:
        return f"{name:<26}" + "–".rjust(10) * 3
    p99 = known[max(0, -(-len(known) * 99 // 100) - 1)]
    return f"{name:<26}{statistics.median(known):>10.0f}{p99:>10.0f}{known[-1]:>10.0f}"


def show(kind: str, trials: Sequence[Trial], grace: float) -> None:
    modes = ", ".join(f"{mode} {n}" for mode, n in Counter(trial.mode for trial in trials).items())
    print(f"\n{kind}: n {len(trials)}, grace {grace:g} s, {modes}")
    print(_row("  its end in the log, ms", [trial.ended for trial in trials]))
    print(_row("  its end known by wait, ms", [trial.told for trial in trials]))
    print(_row("  its processes gone, ms", [trial.gone for trial in trials]))
    print(_row("  the next one begins, ms", [trial.follows for trial in trials]), flush=True)


def measure(bench: Bench, kinds: Sequence[str], runs: int, grace: float) -> None:
    trials: Callable[[str], list[Trial]] = lambda kind: (  # noqa: E731 - one of two
        bench.queued(runs, grace) if kind == "queued" else bench.running(kind, runs, grace)
    )
    for kind in kinds:
        show(kind, trials(kind), grace)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--grace", type=float, default=1.0)
    parser.add_argument("--kinds", default=",".join(KINDS))
    given = parser.parse_args()
    env = {"TAILRACE_JOBS": "jobs_of_cancel", "PYTHONPATH": str(HERE), "TAILRACE_CONCURRENCY": "1"}
    print(" " * 26 + "median".rjust(10) + "p99".rjust(10) + "max".rjust(10))
    with tempfile.TemporaryDirectory() as folder, running_service(**env) as service:
        measure(Bench(service, Path(folder)), given.kinds.split(","), given.runs, given.grace)


if __name__ == "__main__":
    main()

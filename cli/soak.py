"""Random kills, stops and cuts against a real service: every accepted job ends exactly once, whole, and not twice done.

``./tailrace test --soak --seconds 300 --seed 7`` starts an ``up`` of its own, kills or holds still one of its processes
every few seconds, cuts its own clients' connections, and compares what they saw and what its jobs did
(``tests/chaos/survivors.py``) with the log. The same seed throws the same dice.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from cli.background import Background, running
from cli.errors import CommandError, Exit
from cli.inquest import Account, Mark, faults_of_marks, outlived, read_marks
from cli.kills import Kills
from cli.leftovers import left_behind
from cli.quota import Quota
from cli.soaker import Soaker

JOBS = Path(__file__).resolve().parent.parent / "tests" / "chaos"
CLIENTS = 12
#: What the last jobs get to end in, once the faults have stopped.
SETTLING_SECONDS = 120.0
SCALE = ("--port", "0", "--scale", "web=2,worker=2", "--concurrency", "2")
#: Shorter than most jobs, so that workers that are told to end release some.
DRAIN_SECONDS = 1
_TURN_SECONDS = 0.1


def run(arguments: argparse.Namespace) -> int:
    """0 when nothing was lost, doubled, done twice or left without an end."""
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed  # noqa: S311 - a seed to repeat it by
    print(f"soak: {arguments.seconds:g} s, seed {seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="tailrace-soak-"))
    with running([*SCALE, "--data", str(folder)], folder / "up.log", _environ(folder)) as background:
        soak = Soak(background, seed, folder)
        soak.faults_for(arguments.seconds, arguments.jobs)
        soak.settle()
        soak.judge()
    soak.tell()
    if soak.faults:
        print(f"seed {seed}; the service's log: {background.log}", file=sys.stderr)
        return Exit.FAILED
    shutil.rmtree(folder, ignore_errors=True)
    return Exit.OK


def _environ(folder: Path) -> dict[str, str]:
    """Whatever the caller's service is called, this one is its own, with its workers' folders inside *folder*."""
    temporary = folder / "tmp"
    temporary.mkdir()
    own = {k: v for k, v in os.environ.items() if not k.startswith(("TAILRACE_", "REDIS_URL"))}
    path = os.pathsep.join(filter(None, [str(JOBS), os.environ.get("PYTHONPATH")]))
    jobs = {"TAILRACE_JOBS": "survivors", "PYTHONPATH": path, "TAILRACE_DRAIN_SECONDS": str(DRAIN_SECONDS)}
    return {**own, **jobs, "TMPDIR": str(temporary)}


class Soak:
    """Clients and faults against *background*, and what is found when they are done."""

    def __init__(self, background: Background, seed: int, folder: Path) -> None:
        self.faults: list[str] = []
        self._background, self._folder, self._seed = background, folder, seed
        self._address, self._over = background.ready(), threading.Event()
        self._kills = Kills(background.process.pid, random.Random(seed))  # noqa: S311 - to be thrown again
        self._soakers: list[Soaker] = []
        self._accounts: dict[str, Account] = {}
        self._marks: dict[str, list[Mark]] = {}

    def faults_for(self, seconds: float, jobs: int | None) -> None:
        """Clients submit and follow, and something is done to the service every few seconds."""
        quota = Quota(jobs, seconds, self._over)
        self._soakers = [Soaker(self._address, self._dice(number), quota, self._path) for number in range(CLIENTS)]
        for soaker in self._soakers:
            soaker.start()
        deadline = time.monotonic() + seconds
        due = time.monotonic() + self._kills.pause()
        while (now := time.monotonic()) < deadline:
            if self._background.process.poll() is not None:
                raise CommandError(f"the service ended by itself; its log: {self._background.log}")
            if now >= due:
                self._kills.one()
                due = now + self._kills.pause()
            self._kills.wake()
            time.sleep(_TURN_SECONDS)

    def settle(self) -> None:
        """No more faults, no more jobs: those that are there come to their ends."""
        self._kills.wake(everybody=True)
        self._over.set()
        settled = time.monotonic() + SETTLING_SECONDS
        for soaker in self._soakers:
            soaker.join(max(0.0, settled - time.monotonic()))
            if soaker.is_alive():
                self.faults.append(f"job {soaker.job_id} has not ended {SETTLING_SECONDS:g} s after the last fault")

    def judge(self) -> None:
        """Compares clients, logs, marks and what is left of the processes."""
        for soaker in self._soakers:
            self._accounts |= {job_id: Account(log) for job_id, log in soaker.compare_with_log().items()}
            self.faults += soaker.faults
        if self._path.exists():
            self._marks = read_marks(self._path.read_bytes().splitlines())
        self.faults += [
            f"job {job_id} ran, and nobody knows it" for job_id in self._marks.keys() - self._accounts.keys()
        ]
        for job_id, account in self._accounts.items():
            found = faults_of_marks(account, self._marks.get(job_id, []), self._kills.faults)
            self.faults += [f"job {job_id}: {fault}" for fault in (*account.faults, *found)]
        self.faults += left_behind(self._accounts, self._folder / "tmp")

    def tell(self) -> None:
        """What was done, what became of it, and each fault."""
        accounts, cuts = self._accounts.values(), sum(soaker.cuts for soaker in self._soakers)
        for deed in ("killed", "stopped", "told to end"):
            done = {kind: count for (name, kind), count in sorted(self._kills.done.items()) if name == deed}
            print(f"{deed}: {_listed(done) or 'nothing'}")
        print(f"jobs:   {_listed(Counter(account.ending for account in accounts))}; {cuts} connections cut")
        lost, released, reused = (sum(getattr(a, name) for a in accounts) for name in ("lost", "released", "reused"))
        runs = sum(len(account.runs) for account in accounts)
        late = [seconds for marks in self._marks.values() for seconds in outlived(marks)]
        print(f"runs:   {runs}, {lost} lost, {released} released; {reused} steps reused", end="")
        print(f"; {len(late)} wrote on after the next began, at most {max(late, default=0):.1f} s")
        for fault in self.faults:
            print(f"FAULT:  {fault}", file=sys.stderr)
        print(f"soak: {max(0, len(self._accounts) - len(self.faults))} passed, {len(self.faults)} failed", flush=True)

    @property
    def _path(self) -> Path:
        return self._folder / "marks"

    def _dice(self, number: int) -> random.Random:
        return random.Random(f"{self._seed}-{number}")  # noqa: S311 - to be thrown again


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))

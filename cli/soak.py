"""Random kills and cuts against a real service: every accepted job ends exactly once, every client sees it whole.

``./tailrace test --soak --seconds 300 --seed 7`` starts an ``up`` of its own, kills one of its processes every few
seconds, cuts its own clients' connections, and compares what they saw with the log. The same seed throws the same dice.
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
from cli.kills import Kills
from cli.soaker import Soaker

CLIENTS = 6
#: What the last jobs get to end in, once the faults have stopped.
SETTLING_SECONDS = 120.0
SCALE = ("--port", "0", "--scale", "web=2,worker=2", "--concurrency", "2")


def run(arguments: argparse.Namespace) -> int:
    """0 when nothing was lost, doubled or left without an end."""
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed  # noqa: S311 - a seed to repeat it by
    print(f"soak: {arguments.seconds:g} s, seed {seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="tailrace-soak-"))
    #: Whatever the caller's service is called, this one is its own.
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("TAILRACE_", "REDIS_URL"))}
    with running([*SCALE, "--data", str(folder)], folder / "up.log", environ) as background:
        soakers, kills = _soak(background, seed, arguments.seconds)
    faults = [fault for soaker in soakers for fault in soaker.faults]
    _tell(soakers, kills, faults)
    if faults:
        print(f"seed {seed}; the service's log: {background.log}", file=sys.stderr)
        return Exit.FAILED
    shutil.rmtree(folder, ignore_errors=True)
    return Exit.OK


def _soak(background: Background, seed: int, seconds: float) -> tuple[list[Soaker], Kills]:
    address, over = background.ready(), threading.Event()
    soakers = [Soaker(address, random.Random(f"{seed}-{number}"), over) for number in range(CLIENTS)]  # noqa: S311 - as above
    kills = Kills(background.process.pid, random.Random(seed))  # noqa: S311 - as above
    for soaker in soakers:
        soaker.start()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if background.process.poll() is not None:
            raise CommandError(f"the service ended by itself; its log: {background.log}")
        time.sleep(min(kills.pause(), max(0.0, deadline - time.monotonic())))
        kills.one()
    over.set()
    settled = time.monotonic() + SETTLING_SECONDS
    for soaker in soakers:
        soaker.join(max(0.0, settled - time.monotonic()))
        if soaker.is_alive():
            soaker.faults.append(f"job {soaker.job_id} has not ended {SETTLING_SECONDS:g} s after the last fault")
    for soaker in soakers:
        soaker.compare_with_log()
    return soakers, kills


def _tell(soakers: list[Soaker], kills: Kills, faults: list[str]) -> None:
    ends = sum((soaker.ends for soaker in soakers), Counter[str]())
    jobs, cuts = ends.total(), sum(soaker.cuts for soaker in soakers)
    print(f"killed: {', '.join(f'{count} {name}' for name, count in sorted(kills.done.items())) or 'nothing'}")
    print(f"jobs:   {', '.join(f'{count} {name}' for name, count in sorted(ends.items()))}; {cuts} connections cut")
    for fault in faults:
        print(f"FAULT:  {fault}", file=sys.stderr)
    print(f"soak: {jobs - len(faults)} passed, {len(faults)} failed", flush=True)

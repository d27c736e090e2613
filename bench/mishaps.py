"""Cancels and kills each job type of the catalogue at random moments, and holds what comes of it against a calm run.

    .venv/bin/python -m bench.mishaps [--times 5] [--seed 1] [--types train,files,…]

Starts Redis with an append-only file, one web process and one worker, and makes its own input: nothing of it stands in
the repository. Each type first runs undisturbed, which tells how long it takes and what it gives. Then it is cancelled
at so many random moments of that time: afterwards none of its processes lives and its worker holds no folder of it.
Then its child is killed by -9 at as many: each job has to end as the calm one did, with the same result and the same
artifacts but for what times and ids make of them.
"""

import argparse
import contextlib
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench import inputs
from cli.leftovers import left_behind
from tests.service import Service, running_service

#: What no job here takes longer than.
PATIENCE_SECONDS = 180.0
#: Parts of a result that no two runs have in common.
VOLATILE = ("seconds", "child", "id")
JOB_ID = re.compile(r"[0-9a-z]{26}")
#: Artifacts that say when they were made, or number what they hold.
DATED = (".html", ".md", ".json", ".svg", ".skops")
#: What is left to compare of results that are measured anew each time.
GISTS: dict[str, Callable[[dict[str, Any]], Any]] = {"monitor": lambda result: result["samples"] + result["missed"]}


class Calm(NamedTuple):
    """An undisturbed run."""

    seconds: float
    job: dict[str, Any]
    #: What its artifacts hold, by name.
    artifacts: dict[str, str]


class Mishaps:
    """One service, and what went wrong in it."""

    def __init__(self, service: Service, dice: random.Random) -> None:
        self._service, self._dice, self.faults = service, dice, list[str]()

    def suffer(self, name: str, params: Mapping[str, Any], times: int) -> None:
        """*times* cancels and as many kills of the type *name*."""
        calm = self._calm(name, params)
        print(f"\n{name}: calm {calm.seconds:.1f} s, {calm.job['state']}, {len(calm.artifacts)} artifacts", flush=True)
        self._cancels(name, params, calm, times)
        self._kills(name, params, calm, times)

    def _calm(self, name: str, params: Mapping[str, Any]) -> Calm:
        """The second of two: the first one warms the worker's child."""
        for _ in range(2):
            began, job = time.monotonic(), self._ended(self._submit(name, params))
            seconds = time.monotonic() - began
        if job["state"] != "succeeded":
            self.faults.append(f"{name}: undisturbed it ended as {job['state']}: {job['error']}")
        return Calm(seconds, job, _digests(job))

    def _cancels(self, name: str, params: Mapping[str, Any], calm: Calm, times: int) -> None:
        modes = []
        for moment in self._moments(calm, times):
            job_id = self._submit(name, params)
            time.sleep(moment)
            self._service.client.post(f"/v1/jobs/{job_id}/cancel").raise_for_status()
            job = self._ended(job_id)
            modes.append((job["cancel"] or {}).get("mode") or job["state"])
            children = self._children(job_id)
            self._none_left([job_id, *children], f"{name}, cancelled after {moment:.2f} s")
        print(f"  cancelled at {times} moments: {', '.join(modes)}", flush=True)

    def _kills(self, name: str, params: Mapping[str, Any], calm: Calm, times: int) -> None:
        attempts = []
        for moment in self._moments(calm, times):
            job_id = self._submit(name, params)
            time.sleep(moment)
            hit = [self._kill(each) for each in [job_id, *self._children(job_id)]]
            job = self._ended(job_id)
            attempts.append(str(job["attempt"]) if any(hit) else "missed")
            where = f"{name}, killed after {moment:.2f} s (job {job_id})"
            self._compare(where, job, calm)
            self._none_left([job_id], where)
        print(f"  killed at {times} moments: attempts {', '.join(attempts)}", flush=True)

    def _compare(self, where: str, job: dict[str, Any], calm: Calm) -> None:
        if job["state"] != calm.job["state"]:
            self.faults.append(f"{where}: ended as {job['state']}: {job['error']}")
            return
        for path in _differences(_gist(calm.job), _gist(job)):
            self.faults.append(f"{where}: its result differs at {path}")
        if job["type"] in GISTS:
            return
        found = _digests(job)
        for name in sorted(calm.artifacts.keys() | found.keys()):
            if calm.artifacts.get(name) != found.get(name) and not name.endswith(DATED):
                self.faults.append(f"{where}: its artifact {name} differs")

    def _moments(self, calm: Calm, times: int) -> Iterator[float]:
        for _ in range(times):
            yield self._dice.uniform(0.0, 1.0) * calm.seconds

    def _submit(self, name: str, params: Mapping[str, Any]) -> str:
        answer = self._service.client.post("/v1/jobs", json={"type": name, "params": params, "max_attempts": 4})
        if answer.status_code != 202:
            sys.exit(f"{name}: {answer.text}")
        return str(answer.json()["id"])

    def _ended(self, job_id: str) -> dict[str, Any]:
        return self._service.wait(job_id, seconds=PATIENCE_SECONDS)

    def _children(self, job_id: str) -> list[str]:
        steps = self._service.job(job_id)["steps"]
        return [step["child"] for step in steps if step.get("child")]

    def _kill(self, job_id: str) -> bool:
        """Kills the worker's child that runs the job now, if there is one: the log says which it is."""
        started = [each["data"] for each in self._service.events(job_id) if each["type"] == "job.started"]
        if self._service.job(job_id)["state"] != "running" or not started:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(started[-1]["worker"].rpartition(":")[2]), signal.SIGKILL)
            return True
        return False

    def _none_left(self, job_ids: list[str], where: str) -> None:
        self.faults += [f"{where}: {left}" for left in left_behind(job_ids, Path(tempfile.gettempdir()))]


def _nameless(value: Any) -> Any:
    """Without the ids of jobs that stand in texts; fractions as far as several threads add them up alike."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    return JOB_ID.sub("a job", value) if isinstance(value, str) else value


def _gist(job: dict[str, Any]) -> Any:
    return GISTS.get(job["type"], lambda result: result)(job["result"])


def _digests(job: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["sha256"] for each in job["artifacts"]}


def _differences(calm: Any, other: Any, at: str = "") -> Iterator[str]:
    """Where two results say different things, but for what is volatile."""
    if isinstance(calm, dict) and isinstance(other, dict):
        for key in sorted(calm.keys() | other.keys()):
            if key not in VOLATILE:
                yield from _differences(calm.get(key), other.get(key), f"{at}/{key}")
    elif isinstance(calm, list) and isinstance(other, list) and len(calm) == len(other):
        for number, pair in enumerate(zip(calm, other, strict=True)):
            yield from _differences(*pair, f"{at}/{number}")
    elif _nameless(calm) != _nameless(other):
        yield f"{at} ({str(calm)[:60]} there, {str(other)[:60]} here)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--types", default=",".join(inputs.MAKERS))
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="tailrace-mishaps-") as folder,
        _temporary(folder),
        running_service(durable=True, TMPDIR=folder) as service,
    ):
        mishaps = Mishaps(service, random.Random(arguments.seed))
        for name in arguments.types.split(","):
            mishaps.suffer(name, inputs.MAKERS[name](service), arguments.times)
    for fault in mishaps.faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    print(f"\nmishaps: {len(mishaps.faults)} faults", flush=True)
    return 1 if mishaps.faults else 0


@contextlib.contextmanager
def _temporary(folder: str) -> Iterator[None]:
    """The workers' folders are looked for where the workers make them."""
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        yield
    finally:
        tempfile.tempdir = before


if __name__ == "__main__":
    sys.exit(main())

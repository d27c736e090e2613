"""The ground on which all are measured: one core for the server, one for Redis and the generator, and its lines."""

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from bench.field.figures import Figures
from bench.field.native import program
from tests.service import ROOT, RedisServer

#: Where what is installed, compiled and found is kept.
FOLDER = ROOT / "data" / "bench"
#: Seconds that one run of the generator may take.
PATIENCE = 240.0
#: Deliveries a second below which nobody looks for what a server bears.
LEAST = 400
#: The share of a step for which another may have had the server's core; as the generator has it.
DISTURBED = 0.1


@dataclass(frozen=True, slots=True)
class Target:
    """A server that runs: who must be looked at for its costs, and what the generator has to be told of it."""

    field: "Field"
    name: str
    processes: Sequence[psutil.Process]
    options: Mapping[str, Any]
    #: Called before each run of the generator, for what it must be told anew.
    renew: Callable[[], None] = lambda: None

    @property
    def pids(self) -> str:
        return ",".join(str(process.pid) for process in self.processes)

    def load(self, mode: str, **options: Any) -> list[dict[str, Any]]:
        """The lines of one run of the generator against this server; SystemExit where it failed."""
        self.renew()
        return self.field.load(mode, **{**self.options, "pids": self.pids, **options})

    def rate(self, rate: float, **options: Any) -> dict[str, Any]:
        """What came of events at *rate* deliveries a second."""
        return self.load("rate", rate=rate, **options)[-1]

    def search(self, start: float, **options: Any) -> dict[str, Any]:
        """The highest rate that it bears."""
        return self.load("search", start=start, **options)[-1]

    def search_apart(
        self, start: float, *, factor: float = 2.0, bisect: int = 0, fails: int = 2, **options: Any
    ) -> dict[str, Any]:
        """As :meth:`search`, each step on connections of its own: a step that was too much leaves nothing to the next.

        By the same rules: doubled until it fails, or quartered until it passes, then halved into; what fails is tried
        again, and where another had the server's core meanwhile it says nothing.
        """
        best, rate, too_much = None, start, None
        while too_much is None or rate < too_much:
            found = self._judged(rate, fails, options)
            if found["passed"]:
                best, rate = found, rate * factor
            else:
                too_much = rate
                if best or rate < LEAST:
                    break
                rate /= 4
        for _ in range(bisect if best and too_much else 0):
            between = (best["step"] + too_much) / 2
            found = self._judged(between, fails, options)
            best, too_much = (found, too_much) if found["passed"] else (best, between)
        return {**best, "best": best["step"]} if best else {**found, "best": 0}

    def _judged(self, rate: float, fails: int, options: Mapping[str, Any]) -> dict[str, Any]:
        for _ in range(4):
            found = self.rate(rate, **options)
            fails -= found["waited"] < DISTURBED
            if found["passed"] or fails <= 0:
                break
        return found


class Subject(NamedTuple):
    """What can be measured: *start(field, channels)* runs it, *lacks(field)* says what it would need."""

    name: str
    start: "Callable[[Field, int], AbstractContextManager[Target]]"
    lacks: "Callable[[Field], str | None]"


class Field:
    """The cores, a Redis of its own, and the subjects that can be had on this machine."""

    def __init__(self, subjects: Sequence[Subject], *, folder: Path = FOLDER) -> None:
        self.folder = folder
        cores = sorted(os.sched_getaffinity(0))
        self.generator_core, self.server_core = cores[0], cores[-1]
        self._subjects = {subject.name: subject for subject in subjects}
        self._lacking: dict[str, str | None] = {}
        self._redis: RedisServer | None = None
        #: What the scenarios before have found in this run.
        self.found = Figures()

    @property
    def redis(self) -> RedisServer:
        """Started at first use, without persistence; every subject that needs one has this."""
        if self._redis is None:
            with pinned(self.generator_core):
                self._redis = RedisServer("--maxclients", "15000")
        return self._redis

    def stop(self) -> None:
        if self._redis is not None:
            self._redis.stop()
            self._redis = None

    # Subjects -------------------------------------------------------------------------------------------------

    def prepare(self, names: Iterable[str]) -> None:
        """Has all of *names* fetched at the same time, so far as they can be had; of the others it is said why not."""
        new = [name for name in dict.fromkeys(names) if name not in self._lacking]
        with ThreadPoolExecutor(len(new) or 1) as pool:
            found = list(pool.map(lambda name: self._subjects[name].lacks(self), new))
        for name, lack in zip(new, found, strict=True):
            self._lacking[name] = lack
            if lack is not None:
                print(f"{name} is left out: {lack}", flush=True)

    def having(self, names: Sequence[str]) -> list[str]:
        """Those of *names* that can be had here."""
        self.prepare(names)
        return [name for name in names if self._lacking[name] is None]

    @contextmanager
    def running(self, name: str, channels: int = 1) -> Iterator[Target]:
        """*name*, started afresh on the server's core, and on an empty Redis, with so many channels (jobs) to read."""
        with self.redis.client() as client:
            client.flushall()
        with self.started(name, channels) as target:
            yield target

    def started(self, name: str, channels: int = 1) -> AbstractContextManager[Target]:
        """The same beside what Redis holds already."""
        return self._subjects[name].start(self, channels)

    def server(self) -> AbstractContextManager[None]:
        """What is started within runs on the server's core."""
        return pinned(self.server_core)

    def beside(self) -> AbstractContextManager[None]:
        """What is started within runs on the generator's core."""
        return pinned(self.generator_core)

    # The generator --------------------------------------------------------------------------------------------

    def load(self, mode: str, **options: Any) -> list[dict[str, Any]]:
        generator = program("load", self.folder)
        given = {"mode": mode, "pport": self.redis.port, "rpids": self._redis_pid, **options}
        words = [str(generator), *(f"{name}={value}" for name, value in given.items())]
        with self.beside():
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE)
        found = lines(done.stdout)
        if done.returncode or not found:
            raise SystemExit(f"the generator failed ({done.returncode}): {' '.join(words)}\n{done.stderr[-2000:]}")
        return found

    @property
    def _redis_pid(self) -> int:
        process = self.redis.process
        return process.pid if process is not None else 0


def search(*, quick: bool) -> dict[str, float]:
    """How closely a search looks: by doubling, then halving twice; *quick*: by half more, and what fails has failed."""
    if quick:
        return {"seconds": 0.8, "warm": 0.3, "factor": 1.5, "bisect": 0, "fails": 1}
    return {"seconds": 1.2, "warm": 0.4, "bisect": 2}


def lines(output: str) -> list[dict[str, Any]]:
    """What the generator has said: an object a line."""
    return [json.loads(line) for line in output.splitlines()]


def family(pid: int) -> list[psutil.Process]:
    """The process and all its descendants."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """What is started within has this one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

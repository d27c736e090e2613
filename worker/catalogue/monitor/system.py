"""Probes of the machine that the worker runs on, by psutil; each is read in some tenths of a millisecond."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

from worker.catalogue.monitor import targets
from worker.catalogue.monitor.readings import ProbeFailed, Reading
from worker.outcomes import JobFailed


class Usage:
    """One percentage of the whole machine."""

    def __init__(self, target: targets.Cpu | targets.Memory | targets.Swap | targets.Load) -> None:
        self._name = target.name
        self._look: Callable[[], float] = {
            "cpu": psutil.cpu_percent,
            "memory": lambda: psutil.virtual_memory().percent,
            "swap": lambda: psutil.swap_memory().percent,
            "load": lambda: psutil.getloadavg()[0],
        }[target.kind]
        self._look()  # the first look at a processor compares with nothing

    def read(self) -> Reading:
        return Reading(target=self._name, values={self._name: float(self._look())})


class Rates:
    """Counters that only grow, as bytes a second since the look before."""

    def __init__(self, look: Callable[[], tuple[float, ...] | None]) -> None:
        self._look = look
        self._before = (time.monotonic(), look())

    def read(self) -> tuple[float, ...] | None:
        """None where the machine does not count, or where no time has passed."""
        (then, before), now = self._before, (time.monotonic(), self._look())
        self._before = now
        if before is None or now[1] is None or now[0] <= then:
            return None
        return tuple(max(0.0, (b - a) / (now[0] - then)) for a, b in zip(before, now[1], strict=True))


class Disk:
    """One file system, and all disks together."""

    def __init__(self, target: targets.Disk) -> None:
        #: Mounts only: how full a folder's disk is would tell whether there is such a folder.
        if target.mount not in {part.mountpoint for part in psutil.disk_partitions(all=True)}:
            raise JobFailed("no_such_mount", f"No file system is mounted at {target.mount} on the worker's machine.")
        self._target, self._rates = target, Rates(_disk_bytes)

    def read(self) -> Reading:
        try:
            used = psutil.disk_usage(self._target.mount).percent
        except OSError as error:
            raise ProbeFailed(f"{self._target.mount} cannot be looked at: {error.strerror}") from None
        return Reading(target=self._target.name, values=_named(self._target, (used, *(self._rates.read() or ()))))


class Network:
    """One interface, or all of them."""

    def __init__(self, target: targets.Network) -> None:
        if target.interface and target.interface not in psutil.net_io_counters(pernic=True):
            raise JobFailed("no_such_interface", f"The worker's machine has no interface {target.interface}.")
        self._target = target
        self._rates = Rates(self._bytes)

    def read(self) -> Reading:
        rates = self._rates.read()
        if rates is None and self._bytes() is None:
            raise ProbeFailed(f"the interface {self._target.interface} is gone")
        return Reading(target=self._target.name, values=_named(self._target, rates or ()))

    def _bytes(self) -> tuple[float, ...] | None:
        name = self._target.interface
        found = psutil.net_io_counters(pernic=True).get(name) if name else psutil.net_io_counters()
        return None if found is None else (found.bytes_recv, found.bytes_sent)


class Process:
    """A process; once it is gone another one of its number does not take its place."""

    def __init__(self, target: targets.Process) -> None:
        self._target = target
        self._process: Any = None
        with suppress(psutil.Error):
            self._process = psutil.Process(target.pid)
            self._process.cpu_percent()

    def read(self) -> Reading:
        name = self._target.name
        try:
            if not self._lives():
                return Reading(target=name, values={f"{name}.alive": 0.0})
            with self._process.oneshot():
                figures = (self._process.cpu_percent(), float(self._process.memory_info().rss), 1.0)
        except psutil.NoSuchProcess:
            return Reading(target=name, values={f"{name}.alive": 0.0})
        except psutil.Error:
            raise ProbeFailed(f"process {self._target.pid} may not be looked at") from None
        return Reading(target=name, values=_named(self._target, figures))

    def _lives(self) -> bool:
        process = self._process
        return process is not None and process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _disk_bytes() -> tuple[float, ...] | None:
    found = psutil.disk_io_counters()
    return None if found is None else (found.read_bytes, found.write_bytes)


def _named(target: targets.Target, figures: tuple[float, ...]) -> dict[str, float]:
    """The figures by the names of the target's metrics, in their order; there may be fewer."""
    return dict(zip(target.metrics(), figures, strict=False))

"""From targets to probes: those that are read at once, and those that are called."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from worker.catalogue.monitor import sql, system, targets, web
from worker.catalogue.monitor.params import Params
from worker.catalogue.monitor.readings import Probe, ProbeFailed, Reading
from worker.catalogue.monitor.remote import Poller, SlowProbe
from worker.outcomes import JobFailed

T = TypeVar("T")
P = TypeVar("P")


class Probes(NamedTuple):
    local: dict[str, Probe]
    remote: list[Poller]


class Broken:
    """A probe that could be made in an earlier run, and cannot here."""

    def __init__(self, why: str) -> None:
        self._why = why

    def read(self) -> Reading:
        raise ProbeFailed(self._why)

    def cut(self) -> None:
        """Waits for nothing."""

    def close(self) -> None:
        """Holds nothing."""


def probes_of(params: Params, *, anew: bool, between: Callable[[], None] = lambda: None) -> Probes:
    """The probes of all targets, those that are called begun; *between* is called before each is made.

    JobFailed where one cannot be made; but where the watch has begun long ago, elsewhere, that is an outage like
    any other.
    """
    local: dict[str, Probe] = {}
    called: list[tuple[targets.Remote, SlowProbe]] = []
    for target in params.targets:
        between()
        if isinstance(target, targets.Remote):
            called.append((target, _made(_remote, target, anew)))
        else:
            local[target.name] = _made(_local, target, anew)
    return Probes(local, [_begun(target, probe) for target, probe in called])


def _made(make: Callable[[T], P], target: T, anew: bool) -> P | Broken:
    try:
        return make(target)
    except JobFailed as error:
        if anew:
            raise
        return Broken(error.message)


def _local(target: targets.Target) -> Probe:
    match target:
        case targets.Disk():
            return system.Disk(target)
        case targets.Network():
            return system.Network(target)
        case targets.Process():
            return system.Process(target)
        case targets.Cpu() | targets.Memory() | targets.Swap() | targets.Load():
            return system.Usage(target)
    raise TypeError(target.kind)


def _remote(target: targets.Remote) -> SlowProbe:
    match target:
        case targets.Service():
            return web.Itself(target)
        case targets.Http():
            return web.Endpoint(target)
        case targets.Json():
            return web.Document(target)
        case targets.Sql():
            return sql.Database(target)
    raise TypeError(target.kind)


def _begun(target: targets.Remote, probe: SlowProbe) -> Poller:
    return Poller(target.name, probe, every_seconds=target.every_seconds, timeout_seconds=target.timeout_seconds)

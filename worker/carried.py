"""Which job types a worker carries, and which its pool leaves out; ``python -m worker.carried`` tells the doctor."""

import json
import os
import sys
from typing import NamedTuple

from jobs.errors import SettingsError
from jobs.settings import Settings
from worker.collect import collect, root_first
from worker.job_type import JobType, Shape


class Carried(NamedTuple):
    """Job types by their names."""

    kinds: dict[str, JobType]
    #: Those that a worker of another pool has to carry.
    left_out: list[str]


def carried(settings: Settings) -> Carried:
    """SettingsError where a worker would carry none."""
    found = collect(settings.job_modules, settings.queues)
    kinds = {name: kind for name, kind in found.items() if _runs(settings.pool, kind)}
    if not kinds:
        one = next(iter(found))
        why = f"a thread has one event loop at a time, gevent cannot run async job types ({one}): take threads"
        raise SettingsError(name="TAILRACE_POOL", why=why)
    return Carried(kinds, sorted(found.keys() - kinds))


def _runs(pool: str, kind: JobType) -> bool:
    """The running event loop belongs to the thread, and greenlets share that."""
    return pool != "gevent" or kind.shape not in (Shape.ASYNC, Shape.ASYNC_GENERATOR)


def main() -> int:
    """Prints the names as JSON, or a sentence why there are none."""
    sys.path[:] = root_first(sys.path, os.getcwd())  # noqa: PTH109 - a plain string is what the path holds
    try:
        found = carried(Settings.from_env(os.environ))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    json.dump({"carried": sorted(found.kinds), "left_out": found.left_out}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())

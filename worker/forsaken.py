"""Folders of workers that were killed together with their wardens: nobody else takes them away."""

from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from worker import processes
from worker.registry import Registry

#: How a worker's folder begins.
PREFIX: Final = "tailrace-worker-"
#: A folder whose worker is dead and that no warden has touched for so long belongs to nobody.
FORSAKEN_SECONDS: Final = 120.0


def clear_forsaken(folder: Path) -> None:
    """Removes what such workers left in *folder*."""
    for registry in map(Registry, folder.glob(f"{PREFIX}*")):
        with suppress(OSError, msgspec.DecodeError):
            crew = registry.crew()
            dead = processes.life(crew.pid, crew.born) is processes.Life.GONE
            if dead and registry.idle_seconds() > FORSAKEN_SECONDS:
                registry.remove()

"""The job types of the modules that the settings name; no registry, just what stands in them."""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from jobs.errors import SettingsError
from worker.job_type import JobType

#: The repository's root: our own packages stand before a user's of the same name.
ROOT = Path(__file__).resolve().parent.parent


def root_first(path: list[str], cwd: str) -> list[str]:
    """*path* with our root first; the folder that the worker was started in comes last, if it is not there."""
    others = [entry for entry in path if entry and Path(entry).resolve() != ROOT]
    return list(dict.fromkeys([str(ROOT), *others, cwd]))


def collect(modules: Sequence[str], queues: Sequence[str] = ()) -> dict[str, JobType]:
    """Every job type in *modules* by its name; with *queues* only those that lie in one of them.

    SettingsError where a module is missing or empty, or two types share a name.
    """
    found: dict[str, JobType] = {}
    for name in modules:
        for kind in _in(_module(name)):
            if found.setdefault(kind.name, kind) is not kind:
                raise SettingsError(name="TAILRACE_JOBS", why=f"two job types are called {kind.name!r}")
    carried = {name: kind for name, kind in found.items() if not queues or kind.queue in queues}
    if not carried:
        raise SettingsError(name="TAILRACE_QUEUES", why="no job type lies in any of these queues")
    return carried


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            why = f"there is no module {name!r} (looked in {', '.join(sys.path[:3])}, …)"
            raise SettingsError(name="TAILRACE_JOBS", why=why) from None
        raise SettingsError(name="TAILRACE_JOBS", why=_broken(name, error)) from error
    except Exception as error:
        raise SettingsError(name="TAILRACE_JOBS", why=_broken(name, error)) from error


def _broken(name: str, error: Exception) -> str:
    return f"the module {name!r} cannot be imported ({type(error).__name__}: {error})"


def _in(module: ModuleType) -> list[JobType]:
    kinds = [thing for thing in vars(module).values() if isinstance(thing, JobType)]
    if not kinds:
        raise SettingsError(name="TAILRACE_JOBS", why=f"the module {module.__name__!r} has no job type (see @job)")
    return kinds

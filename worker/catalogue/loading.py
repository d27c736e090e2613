"""Load what takes seconds to load, in a thread of its own: a cancel ends the waiting, never an import half way."""

from contextlib import suppress
from importlib import import_module
from threading import Thread

from worker.context import Context

#: Seconds between two looks at whether the job is to go on.
_LOOK_SECONDS = 0.05


def load(ctx: Context, module: str) -> None:
    """Import a module; numpy and its kin cannot be loaded again where their first import was broken off."""
    loading = Thread(target=_import, args=(module,), name=f"load {module}", daemon=True)
    loading.start()
    while loading.is_alive():
        ctx.raise_if_cancelled()
        loading.join(_LOOK_SECONDS)


def _import(module: str) -> None:
    with suppress(Exception):  # the importing line that follows says what is wrong
        import_module(module)

"""A training on its way, kept for the next run: its course and its models, whole or not at all.

What a job may save is 1 MiB a piece and 16 MiB together, and pieces are stored one by one. So there are two places,
written in turn, each a row of pieces; the last thing written says which of the two holds. A model that has outgrown its
place is not kept: training goes on from the one that was kept last, and comes to the same.
"""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zipfile import ZIP_DEFLATED

import numpy as np
import sklearn
import skops.io

from worker.catalogue.train.course import Course, Measured
from worker.catalogue.train.limits import KEEP_SECONDS, MAX_KEPT_BYTES
from worker.catalogue.wording.words import size
from worker.context import Context

_NAME, _PIECES = "training", "training {} {}"
_PIECE_CHARACTERS = 900_000
#: Keeping takes at most one part in so many of the time.
_SHARE = 10
#: Weights and trees are of these, and nothing else is loaded again.
_OURS = ("sklearn.", "numpy.")


@dataclass(frozen=True, slots=True)
class Kept:
    """What another run goes on from."""

    course: Course
    models: dict[str, Any]


class Keeper:
    """Keeps what it is given whenever that is due."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._place = 0
        self._due = time.monotonic() + KEEP_SECONDS
        self._outgrown = False

    def found(self) -> Kept | None:
        """What the run before this one has left; None where there is nothing that these libraries can go on from."""
        last = self._ctx.saved(_NAME)
        if last is None or last["made_by"] != _made_by():
            return None
        self._place = last["place"]
        pieces = [self._ctx.saved(_PIECES.format(self._place, number)) for number in range(last["pieces"])]
        course = Course([Measured(*each) for each in last["history"]])
        return Kept(course, _loaded(base64.b64decode("".join(pieces))))

    def keep_if_due(self, course: Course, models: Callable[[], dict[str, Any]]) -> None:
        """Keeps it where a crash would cost more than a moment's work."""
        if time.monotonic() >= self._due:
            self.keep(course, models)

    def keep(self, course: Course, models: Callable[[], dict[str, Any]]) -> None:
        """Keeps it now, unless it is too large."""
        began = time.monotonic()
        data = skops.io.dumps(models(), compression=ZIP_DEFLATED, compresslevel=1)
        if len(data) <= MAX_KEPT_BYTES:
            self._store(course, base64.b64encode(data).decode())
        elif not self._outgrown:
            self._outgrown = True
            self._ctx.log(
                f"The model takes {size(len(data))} now, too much to be kept between epochs: after a crash training"
                f" would go on from an earlier one. The outcome would be the same.",
                level="warning",
            )
        now = time.monotonic()
        self._due = now + max(KEEP_SECONDS, _SHARE * (now - began))

    def _store(self, course: Course, text: str) -> None:
        place = 1 - self._place
        starts = range(0, len(text), _PIECE_CHARACTERS)
        for number, start in enumerate(starts):
            self._ctx.save(_PIECES.format(place, number), text[start : start + _PIECE_CHARACTERS])
        last = {"made_by": _made_by(), "place": place, "pieces": len(starts), "history": course.history}
        self._ctx.save(_NAME, last)
        self._place = place


def _made_by() -> str:
    """Another version of a library would come to something else."""
    return f"scikit-learn {sklearn.__version__}, numpy {np.__version__}"


def _loaded(data: bytes) -> dict[str, Any]:
    known = [name for name in skops.io.get_untrusted_types(data=data) if name.startswith(_OURS)]
    models: dict[str, Any] = skops.io.loads(data, trusted=known)
    return models

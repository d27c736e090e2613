"""What a run keeps for those after it: results of durable steps, and whatever the author saves."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from jobs.events import AnyEvent
from worker import plain
from worker.ports import Sink

#: The largest thing kept, and all of one job's together, in bytes of JSON.
MAX_BYTES, MAX_ALL_BYTES = 1024 * 1024, 16 * 1024 * 1024
#: How long whoever keeps something waits for the log once it has been told to end.
_LAST_SECONDS = 2.0
_LOOK_SECONDS = 0.05


class Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value as it is stored, with the attempt that kept it."""

    attempt: int
    value: msgspec.Raw
    #: What it took to make it, where that is known.
    seconds: float | None = None


#: Waits for up to so many seconds; True once it is stored.
Stored = Callable[[float], bool]

_decoder = msgspec.json.Decoder(Kept)


class Keeping:
    """One run's view of what is kept; *earlier* is what the runs before it have left."""

    def __init__(self, sink: Sink, attempt: int, earlier: Mapping[str, bytes]) -> None:
        self._sink, self._attempt = sink, attempt
        self._kept = dict(earlier)

    def find(self, name: str) -> Kept | None:
        found = self._kept.get(name)
        return None if found is None else _decoder.decode(found)

    def keep(
        self,
        name: str,
        value: object,
        event: Callable[[], AnyEvent | None] = lambda: None,
        *,
        seconds: float | None = None,
    ) -> Stored:
        """Stores *value* under *name*, in one append with what *event* gives; :func:`wait` for the answer.

        TypeError or ValueError where it is no JSON, or too large.
        """
        encoded = self._encoded(name, value, seconds)
        self._kept[name] = encoded
        return self._sink.keep(name, encoded, event())

    def value(self, name: str) -> Any:
        """What is kept under *name*, as a later run will find it."""
        return msgspec.json.decode(_decoder.decode(self._kept[name]).value)

    def _encoded(self, name: str, value: object, seconds: float | None) -> bytes:
        shown = name.partition(":")[2]
        try:
            json = plain.encoded(value, plain.known)
        except (TypeError, ValueError, RecursionError, OverflowError) as error:
            raise TypeError(f"what is kept as {shown!r} is not JSON: {error}") from error
        if len(json) > MAX_BYTES:
            raise ValueError(f"what is kept as {shown!r} is {len(json)} bytes of JSON, the limit is {MAX_BYTES}")
        others = sum(len(kept) for other, kept in self._kept.items() if other != name)
        if others + len(json) > MAX_ALL_BYTES:
            raise ValueError(f"with {shown!r} this job keeps more than {MAX_ALL_BYTES} bytes")
        return msgspec.json.encode(Kept(attempt=self._attempt, value=msgspec.Raw(json), seconds=seconds))

    def wait(self, stored: Stored) -> None:
        """While the log is away this waits too: what returned is kept. A job that is to end waits a moment only."""
        while not stored(_LOOK_SECONDS):
            if self._sink.verdict.found is not None:
                stored(_LAST_SECONDS)
                return

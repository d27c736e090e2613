"""How one reader wants its events: in which encoding, and which of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import msgspec

from app.relay.calm import CALM
from app.relay.choice import Choice
from app.transports import deflate, ndjson, sse, websocket
from app.transports.lines import one_line
from jobs.eventlog import Cursor, Entry
from jobs.events import TERMINAL
from jobs.model import LEADS

#: Patterns in one filter; each is a type or a prefix with a star.
MAX_PATTERNS = 32
#: Types of which a lens knows whether it wants them.
KEPT = 256

ENCODINGS = {"sse": sse, "ndjson": ndjson, "websocket": websocket}

Frame = Callable[[str, bytes, str], bytes]


@dataclass(frozen=True, kw_only=True)
class Lens:
    """An encoding and a filter. Readers with equal lenses share every byte that is made for them."""

    transport: str = "sse"
    named: bool = True
    #: Types, or prefixes with a star; empty for all. Terminal and stream events pass every filter.
    types: tuple[str, ...] = ()
    #: Milliseconds that the client wants between one send and the next of what may wait.
    min_interval_ms: int = 0
    #: Whether the bytes are compressed, by each subscriber for itself.
    gzip: bool = False
    #: Whether a WebSocket's frames are compressed, each once for all.
    deflate: bool = False
    #: For a reader of many jobs: which of them.
    choice: Choice | None = None

    @property
    def filters(self) -> dict[str, Any]:
        """What ``stream.open`` repeats of all this."""
        words = {} if self.choice is None else self.choice.words
        return {"types": list(self.types), "min_interval_ms": self.min_interval_ms, **words}

    @property
    def encoding(self) -> ModuleType:
        return deflate if self.deflate else ENCODINGS[self.transport]

    @cached_property
    def frame(self) -> Frame:
        if self.transport == "sse" and not self.named:
            return sse.nameless
        encode: Frame = self.encoding.event
        return encode

    @cached_property
    def wants(self) -> Callable[[str], bool]:
        """Whether events of a type are wanted."""
        return _Wanted(self.types).__getitem__

    @cached_property
    def straight(self) -> bool:
        """Whether an event's bytes are the same for all who have the lens, and framed by no more than a template."""
        return self.transport == "sse" and self.choice is None and not self.gzip

    @cached_property
    def ways(self) -> tuple["Ways", "Ways"]:
        """Where calm events may wait, and where everything is due at once."""
        return Ways(self, calm=False), Ways(self, calm=True)

    def choose(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """The wanted ones of *entries*."""
        if self.choice is not None:
            entries = [entry for entry in entries if self.choice.passes(entry.job)]
        if not self.types:
            return entries
        wants = self.wants
        return [entry for entry in entries if wants(entry.type)]

    def encode(self, entries: Sequence[Entry]) -> bytes:
        """*entries* as bytes, joined."""
        frame = self.frame
        if self.choice is not None:
            return b"".join([frame(at.type, resumable(at), str(at.cursor)) for at in entries])
        return b"".join([frame(at.type, at.envelope, str(at.cursor)) for at in entries])

    def without_ids(self, entries: Iterable[Entry]) -> bytes:
        """As :meth:`encode`, for events from which no reader may resume."""
        frame = self.encoding.frame
        return b"".join([frame(at.type if self.named else None, at.envelope, None) for at in entries])

    def control(self, name: str, job_id: str, data: dict[str, Any], *, cursor: Cursor | None = None) -> bytes:
        """An event of the stream itself: never stored; it carries an id only where a reader may resume from it.

        That of a stream of many jobs is no job's.
        """
        envelope = one_line(msgspec.json.encode(told(name, job_id, data, cursor)))
        event_id = None if cursor is None else str(cursor)
        encoded: bytes = self.encoding.frame(name if self.named else None, envelope, event_id)
        return encoded

    @property
    def media_type(self) -> str:
        kind: str = self.encoding.MEDIA_TYPE
        return kind

    @property
    def heartbeat(self) -> bytes:
        beat: bytes = self.encoding.HEARTBEAT
        return beat

    def retry(self, milliseconds: int) -> bytes:
        encoded: bytes = self.encoding.retry(milliseconds)
        return encoded

    def close(self, reason: str) -> bytes:
        """What follows the last event of a stream that ends for *reason*."""
        encoded: bytes = self.encoding.close(reason)
        return encoded


def told(name: str, job_id: str, data: dict[str, Any], cursor: Cursor | None = None) -> dict[str, Any]:
    """The envelope of an event of the stream itself."""
    return {"id": None if cursor is None else str(cursor), "type": name, "job": job_id or None, "data": data}


def resumable(entry: Entry) -> bytes:
    """The envelope, whose id is its own job's, with the cursor that a reader of many jobs resumes from."""
    return b'%b,"cursor":"%b"}' % (entry.envelope[:-1], str(entry.cursor).encode())


class _Wanted(dict[str, bool]):
    """By type, whether it passes; looked up at every event, and so kept."""

    def __init__(self, patterns: Sequence[str]) -> None:
        super().__init__()
        self._patterns = patterns

    def __missing__(self, name: str) -> bool:
        if len(self) >= KEPT:
            self.clear()
        found = self[name] = not self._patterns or _matches(self._patterns, name)
        return found


class Ways(dict[bytes, bytes | None]):
    """By type: its frame but for cursor and envelope; None where events of it go the long way.

    That is where none is wanted, where one may wait, and where it leads the job to another state or its end.
    """

    def __init__(self, lens: Lens, *, calm: bool) -> None:
        super().__init__()
        self._lens, self._calm = lens, calm

    def __missing__(self, name: bytes) -> bytes | None:
        if len(self) >= KEPT:
            self.clear()
        found = self[name] = self._look(name.decode()) if name.isascii() else None
        return found

    def _look(self, name: str) -> bytes | None:
        if name in LEADS or not self._lens.wants(name) or (name in CALM and not self._calm):
            return None
        return sse.template(name if self._lens.named else None)


def _matches(patterns: Sequence[str], name: str) -> bool:
    if name in TERMINAL or name.startswith("stream."):
        return True
    return any(name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern for pattern in patterns)

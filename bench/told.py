"""What a reader of a job's events is owed, and whether it got it: every event once, in order, or a gap that is told."""

from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

#: These may be merged with later ones, as a frame's ``from`` says; every other event reaches every reader by itself.
CALM = frozenset({"job.progress", "step.progress", "metric", "output.delta", "log"})


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename={"from_seq": "from"}):
    """A frame's data: ``seq`` None where it is an event of the stream itself."""

    id: str | None = None
    type: str
    seq: int | None = None
    from_seq: int | None = None
    time: str = ""
    data: Any = None


class Frame(msgspec.Struct, frozen=True):
    """One frame as it came: read once, however many readers it comes to."""

    envelope: Envelope | None
    id: bytes | None
    retry_ms: int | None
    #: When its event was written, in seconds; 0 where it is none of the log's.
    at: float

    @property
    def first(self) -> int:
        envelope = self.envelope
        return 0 if envelope is None else envelope.from_seq or envelope.seq or 0


_decode = msgspec.json.Decoder(Envelope).decode


@lru_cache(maxsize=16_384)
def frame_of(block: bytes) -> Frame:
    """A block of lines between two blank ones; ValueError where a line is none that a stream may have."""
    fields: dict[bytes, bytes] = {}
    for line in block.split(b"\n"):
        name, colon, value = line.partition(b": ")
        if colon:
            fields[name] = value
        elif not line.startswith(b":"):
            raise ValueError(f"no line of a stream: {line[:80]!r}")
    retry = fields.get(b"retry")
    envelope = _decode(fields[b"data"]) if b"data" in fields else None
    at = datetime.fromisoformat(envelope.time).timestamp() if envelope is not None and envelope.time else 0.0
    return Frame(envelope, fields.get(b"id"), None if retry is None else int(retry), at)


class Told:
    """What one reader of a job has been told so far, over however many connections."""

    __slots__ = (
        "_adrift",
        "_begun",
        "_lengths",
        "end",
        "faults",
        "gaps",
        "kept",
        "last",
        "level",
        "merged",
        "reasons",
        "streams",
    )

    def __init__(self) -> None:
        #: Seq of the last event told, that a snapshot stands for included.
        self.last = 0
        #: How it ended: the reason of ``stream.end``, or "no content" where it was told that nothing follows.
        self.end = ""
        self.faults: list[str] = []
        self.gaps: list[str] = []
        #: Events that may never be merged away; those that stood for others too; events of the stream by their type.
        self.kept, self.merged = 0, 0
        self.streams: dict[str, int] = {}
        #: Why it was told to come back, or that it gets less; the level that it was told last.
        self.reasons: list[tuple[str, str]] = []
        self.level = 0
        #: Characters of each output; whether a snapshot is due; whether anything was told at all.
        self._lengths: dict[str, int] = {}
        self._adrift, self._begun = False, False

    def take(self, frame: Frame) -> None:
        envelope = frame.envelope
        if envelope is None:
            return
        if envelope.seq is None:
            self._stream(envelope, frame.id)
        else:
            self._event(envelope, frame)

    def _event(self, envelope: Envelope, frame: Frame) -> None:
        seq, first = envelope.seq or 0, frame.first
        if first != self.last + 1 or self._adrift or self.end:
            where = "after a gap, without a snapshot" if self._adrift else self.end or "in the middle"
            self.fault(f"{envelope.type} {first}–{seq} came where {self.last + 1} was due ({where})")
        self.last, self._begun = seq, True
        if first != seq:
            self.merged += 1
        if envelope.type not in CALM:
            self.kept += 1
        if envelope.type.startswith("output."):
            self._output(envelope.type, envelope.data)

    def _output(self, kind: str, data: dict[str, Any]) -> None:
        name = data["name"]
        if kind == "output.reset":
            self._lengths[name] = 0
        elif kind == "output.delta":
            known = self._lengths.get(name, 0)
            if data["offset"] != known:
                self.fault(f"text of {name} at {data['offset']}, {known} characters were known")
            self._lengths[name] = data["offset"] + len(data["text"])

    def _stream(self, envelope: Envelope, event_id: bytes | None) -> None:
        kind, data = envelope.type, envelope.data
        self.streams[kind] = self.streams.get(kind, 0) + 1
        if kind == "stream.gap":
            self.gaps.append(data["reason"])
            self._adrift = True
        elif kind == "stream.snapshot":
            self._snapshot(data["job"], event_id or b"-0")
        elif kind in {"stream.degraded", "stream.reconnect"}:
            self.reasons.append((kind, data["reason"]))
            self.level = data.get("level", 0)
        elif kind == "stream.end":
            self.end = data["reason"]

    def _snapshot(self, job: dict[str, Any], event_id: bytes) -> None:
        if self._begun and not self._adrift:
            self.fault("a snapshot that nobody asked for")
        self.last, self._adrift, self._begun = int(event_id.rpartition(b"-")[2]), False, True
        self._lengths = {name: output["length"] for name, output in job["outputs"].items()}

    def fault(self, fault: str) -> None:
        if len(self.faults) < 3:
            self.faults.append(fault)

    def judge(self, log: list[dict[str, Any]]) -> list[str]:
        """What is wrong with it, held against the whole *log* of a job that has ended."""
        faults = list(self.faults)
        if self.last != log[-1]["seq"]:
            faults.append(f"ended at {self.last} ({self.end or 'no end'}), the log at {log[-1]['seq']}")
        owed = sum(event["type"] not in CALM for event in log)
        if not self.gaps and self.kept != owed:
            faults.append(f"saw {self.kept} of {owed} events that are never merged")
        return faults

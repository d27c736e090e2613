"""Calm events, as they are read to be merged: they tell how far it is, and more of the same."""

from typing import Any

import msgspec

from jobs import events as ev
from jobs.eventlog import Entry

#: What a later one of its kind may outdate.
PROGRESS = frozenset({ev.JobProgressed.type, ev.StepProgressed.type, ev.MetricMeasured.type})
#: What may wait a little; everything else is due at once.
CALM = PROGRESS | {ev.OutputAppended.type, ev.LogWritten.type}


class Head(msgspec.Struct, frozen=True, kw_only=True, rename={"from_seq": "from"}):
    """Of any envelope: whose it is, and from which seq to which it stands for."""

    job: str
    seq: int
    from_seq: int | None = None


class Told(Head, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole envelope of a calm event; a subclass for each type reads its data."""

    id: str
    type: str
    time: str
    attempt: int
    data: Any

    @property
    def by(self) -> tuple[str, str, int]:
        """Job, epoch and attempt: what differs in one of these is never merged."""
        return self.job, self.id.partition("-")[0], self.attempt


def _decoder(kind: type[ev.Event]) -> msgspec.json.Decoder[Told]:
    """Strict: what a newer version says beyond what is known here would be lost in merging."""
    data = msgspec.defstruct(kind.__name__, [], bases=(kind,), frozen=True, kw_only=True, forbid_unknown_fields=True)
    return msgspec.json.Decoder(msgspec.defstruct("Told", [("data", data)], bases=(Told,), frozen=True, kw_only=True))


_decoders = {name: _decoder(ev.EVENTS[name]) for name in CALM}
_heads = msgspec.json.Decoder(Head)


def head(envelope: bytes) -> Head:
    return _heads.decode(envelope)


def read(entry: Entry) -> Told | None:
    """The calm event of *entry*; None where its shape is not one that this version knows."""
    try:
        return _decoders[entry.type].decode(entry.envelope)
    except msgspec.DecodeError:
        return None


def outdates(after: object, before: object) -> bool:
    """Whether *after* leaves nothing of *before* to be seen; what it does not name stays as it was before."""
    match after, before:
        case ev.JobProgressed(), ev.JobProgressed():
            return after.fraction >= before.fraction and (after.message is not None or before.message is None)
        case ev.StepProgressed(), ev.StepProgressed():
            measured = _measures(after) or not _measures(before)
            return measured and _names(after.unit, before.unit) and _names(after.message, before.message)
        case ev.MetricMeasured(), ev.MetricMeasured():
            return _names(after.unit, before.unit)
        case _:
            return False


def _names(after: str | None, before: str | None) -> bool:
    """An empty text takes the place of another on the page, and not in the snapshot: it outdates nothing."""
    return bool(after) or before is None


def _measures(event: ev.StepProgressed) -> bool:
    return event.fraction is not None or bool(event.total and event.done is not None)

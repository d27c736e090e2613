"""What has waited, told in fewer events: the outdated is dropped, text is joined, many lines become one.

Pure, and the order stays. The frame after what was dropped or joined says ``from``: it stands for all from there on.
Every id stays safe to resume from, because whatever is dropped has a later event in the log that says all of it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from app.relay.calm import CALM, PROGRESS, Told, head, outdates, read
from app.relay.neighbours import MANY_LINES, Changes, cut_lines, join_texts
from jobs import events as ev
from jobs.eventlog import Entry

__all__ = ["CALM", "PROGRESS", "merge"]

#: A run begins or ends: what comes behind does not outdate what was told before.
_RUN = ev.TERMINAL | {ev.JobStarted.type, ev.JobRetrying.type, ev.JobReleased.type, ev.JobStalled.type}
#: The same for one step.
_STEP = {kind.type for kind in (ev.StepStarted, ev.StepSucceeded, ev.StepFailed, ev.StepSkipped, ev.StepReused)}

#: Of each job, by type and name: the next one that stays, and by whom it was told.
Later = defaultdict[str, dict[tuple[str, str | None], tuple[object, Any]]]


class _Step(msgspec.Struct):
    name: str


class _OfStep(msgspec.Struct):
    job: str
    data: _Step


_of_steps = msgspec.json.Decoder(_OfStep)


def merge(entries: Sequence[Entry], *, logs: bool = False) -> list[Entry]:
    """*entries*, which ascend, in as few as tell the same job; with *logs* long runs of lines are cut too.

    A list comes back as it is where there is nothing to merge.
    """
    changes: Changes = {}
    counts = Counter([entry.type for entry in entries])
    several = {name for name in PROGRESS if counts[name] > 1}
    if several:
        _drop(entries, several, changes)
    if counts[ev.OutputAppended.type] > 1:
        join_texts(entries, changes)
    if logs and counts[ev.LogWritten.type] > MANY_LINES:
        cut_lines(entries, changes)
    if not changes:
        return entries if isinstance(entries, list) else list(entries)
    return list(_left(entries, changes))


def _left(entries: Sequence[Entry], changes: Changes) -> Iterator[Entry]:
    #: Of each job, the first seq that its next frame stands for.
    since: dict[str, int] = {}
    for place, entry in enumerate(entries):
        envelope = changes.get(place, entry.envelope)
        if envelope is None:
            gone = head(entry.envelope)
            since.setdefault(gone.job, gone.from_seq or gone.seq)
        elif since:
            yield replace(entry, envelope=_standing_for(envelope, since))
        else:
            yield entry


def _standing_for(envelope: bytes, since: dict[str, int]) -> bytes:
    known = head(envelope)
    first = since.pop(known.job, None)
    if first is None:
        return envelope
    if known.from_seq is not None:
        envelope = envelope.replace(b'"from":%d,' % known.from_seq, b"", 1)
    behind_id = envelope.index(b'",') + 2
    return b'%b"from":%d,%b' % (envelope[:behind_id], first, envelope[behind_id:])


def _drop(entries: Sequence[Entry], several: set[str], changes: Changes) -> None:
    """Marks, from the last to the first, what the next one that stays outdates."""
    later: Later = defaultdict(dict)
    for place in range(len(entries) - 1, -1, -1):
        entry = entries[place]
        if entry.type in several:
            told = read(entry)
            if told is not None and _outdated(told, later[told.job]):
                changes[place] = None
        elif later and entry.type in _RUN:
            later.pop(head(entry.envelope).job, None)
        elif later and entry.type in _STEP:
            _bar(entry, later)


def _outdated(told: Told, later: dict[tuple[str, str | None], tuple[object, Any]]) -> bool:
    data, by = told.data, told.by
    key = (told.type, getattr(data, "name", None))
    after = later.get(key)
    if after is not None and after[0] == by and outdates(after[1], data):
        return True
    later[key] = by, data
    return False


def _bar(entry: Entry, later: Later) -> None:
    try:
        step = _of_steps.decode(entry.envelope)
    except msgspec.DecodeError:
        return
    later[step.job].pop((ev.StepProgressed.type, step.data.name), None)

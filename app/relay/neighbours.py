"""Calm events that stand next to each other and become one: pieces of a text, and lines where they are many."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from app.relay.calm import Told, read
from jobs import events as ev
from jobs.eventlog import Entry, Record

#: Bytes of JSON up to which text is joined: below what the data of one event may have.
MOST_BYTES = 60 * 1024
#: Of more quiet lines in a row than this the last ten are told.
MANY_LINES, LAST_LINES = 20, 10
QUIET = frozenset({"debug", "info"})
LEFT_OUT = "{} lines were left out."

#: By place among the entries: the envelope that now stands there, None where nothing does.
Changes = dict[int, bytes | None]
#: Events that may become one, each with its place.
Group = list[tuple[int, Told]]

_encoder = msgspec.json.Encoder()


def join_texts(entries: Sequence[Entry], changes: Changes) -> None:
    """One delta in place of those that go on where the one before has ended, as many as one frame may hold."""
    for run in _runs(entries, changes, ev.OutputAppended.type, 1):
        group: Group = []
        size = 0
        for place, told in run:
            more = len(_encoder.encode(told.data.text)) - 2
            if group and size + more <= MOST_BYTES and _goes_on(group[-1][1], told):
                size += more
            else:
                _join(group, changes)
                group, size = [], len(_encoder.encode(told.data))
            group.append((place, told))
        _join(group, changes)


def cut_lines(entries: Sequence[Entry], changes: Changes) -> None:
    """One line in place of all but the last of those that are quiet and many."""
    for run in _runs(entries, changes, ev.LogWritten.type, MANY_LINES):
        for (quiet, _), lines in groupby(run, key=lambda line: (line[1].data.level in QUIET, line[1].by)):
            group = list(lines)
            if quiet and len(group) > MANY_LINES:
                _cut(group[:-LAST_LINES], changes)


def _runs(entries: Sequence[Entry], changes: Changes, name: str, more_than: int) -> Iterator[Group]:
    """Events of one type that, with what was dropped out of the way, stand next to each other."""
    stays = [place for place in range(len(entries)) if place not in changes]
    for found, places in groupby(stays, key=lambda place: entries[place].type):
        if found == name and len(run := list(places)) > more_than:
            group: Group = []
            for place in run:
                told = read(entries[place])
                if told is None:
                    yield group
                    group = []
                else:
                    group.append((place, told))
            yield group


def _goes_on(before: Told, after: Told) -> bool:
    text, more = before.data, after.data
    ended: int = text.offset + len(text.text)
    return ended == more.offset and (text.name, before.by) == (more.name, after.by)


def _join(group: Group, changes: Changes) -> None:
    if len(group) > 1:
        text = "".join([told.data.text for _, told in group])
        _put(group, msgspec.structs.replace(group[0][1].data, text=text), changes)


def _cut(left_out: Group, changes: Changes) -> None:
    count = sum(_lines(told.data) for _, told in left_out)
    line = ev.LogWritten(level="info", message=LEFT_OUT.format(count), fields={"left_out": count})
    _put(left_out, line, changes)


def _lines(line: ev.LogWritten) -> int:
    """How many *line* stands for: what was cut before may be cut again."""
    count = (line.fields or {}).get("left_out")
    return count if isinstance(count, int) and line.message == LEFT_OUT.format(count) else 1


def _put(group: Group, data: ev.AnyEvent, changes: Changes) -> None:
    """*data* takes the place of the last of *group*, the others are gone."""
    for place, _ in group:
        changes[place] = None
    last_place, last = group[-1]
    changes[last_place] = _encoder.encode(
        Record(
            id=last.id,
            seq=last.seq,
            type=last.type,
            job=last.job,
            time=last.time,
            attempt=last.attempt,
            data=msgspec.Raw(_encoder.encode(data)),
        )
    )

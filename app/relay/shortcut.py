"""The short way: where a job has one plain reader, its events go from their messages to one load in few steps.

It is the way of nearly all that a process with thousands of jobs delivers. Whatever is not as it mostly is goes the
long way (:meth:`app.relay.live.Live.deliver`), which does the same and more; nothing has been changed then. Pure.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.relay.audience import LOAD, Load
from app.transports.lines import one_line
from jobs.eventlog import Cursor, Entry

if TYPE_CHECKING:
    from app.relay.room import Room


def shortcut(room: "Room", payloads: Sequence[bytes], level: int, now: float) -> Load | None:
    """What the room's only listener is to be sent of *payloads*, which the room has passed on by then; or None."""
    sole, last = room.sole, room.last
    if sole is None or last is None or room.held or room.bells or sole.waiting or sole.sending:
        return None
    text = payloads[0] if len(payloads) == 1 else b"\n".join(payloads)
    lines = text.split(b"\n")
    if len(lines) % 2 or (len(text) > LOAD and lines[2:]):
        return None
    lens, epoch, seq = sole.lens, last.epoch, last.seq
    ways = lens.ways[not (level or lens.min_interval_ms)]
    entries, frames, pairs = [], [], iter(lines)
    for head, envelope in zip(pairs, pairs, strict=True):
        seq += 1
        at, _, name = head.partition(b" ")
        way = ways[name]
        if way is None or at != f"{epoch}-{seq}".encode():
            return None
        entries.append(Entry(Cursor(epoch, seq), way[0], envelope))
        frames.append(way[1] % (at, envelope if envelope.isascii() else one_line(envelope)))
    room.keep(entries)
    sole.flushed = now
    data = frames[0] if len(frames) == 1 else b"".join(frames)
    return Load(data, entries[-1].cursor, tuple(sole.listeners), count=len(entries))

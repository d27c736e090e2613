"""The short way: where a job has one plain reader, its events go from their messages to one load in few steps.

It is the way of nearly all that a process with thousands of jobs delivers. Whatever is not as it mostly is goes the
long way (:meth:`app.relay.live.Live.deliver`), which does the same and more; nothing has been changed then. Pure.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.relay.audience import LOAD, Load
from app.transports.lines import one_line
from jobs.eventlog import Cursor
from jobs.news import singly

if TYPE_CHECKING:
    from app.relay.room import Room


def shortcut(room: "Room", payloads: Sequence[bytes], level: int, now: float) -> Load | None:
    """What the room's only listener is to be sent of *payloads*, which the room has passed on by then; or None."""
    sole, last = room.sole, room.last
    if sole is None or last is None or room.held or room.bells or sole.waiting or sole.sending:
        return None
    lens, epoch, seq = sole.lens, last.epoch, last.seq
    ways = lens.ways[not (level or lens.min_interval_ms)]
    frames = []
    for payload in payloads:
        seq += 1
        head, newline, envelope = payload.partition(b"\n")
        if b"\n" in envelope:
            return shortcut(room, tuple(singly(payloads)), level, now)
        at, _, name = head.partition(b" ")
        template = ways[name]
        if template is None or at != f"{epoch}-{seq}".encode() or not newline:
            return None
        frames.append(template % (at, envelope if envelope.isascii() else one_line(envelope)))
    data = frames[0] if len(frames) == 1 else b"".join(frames)
    if len(data) > LOAD and len(frames) > 1:
        return None
    upto = Cursor(epoch, seq)
    room.keep(payloads, upto)
    sole.flushed = now
    return Load(data, upto, tuple(sole.listeners), count=len(frames))

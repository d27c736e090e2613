"""A live message: the events of one append, as ``append.lua`` publishes it. Pure.

For each event a line with its cursor and its type, ``k3f9-17 item``, and one with its envelope.
"""

from collections.abc import Iterable, Iterator

from jobs.eventlog import Cursor, Entry


def parse_live(message: bytes) -> list[Entry]:
    """The events of *message*; ValueError where it is none."""
    head, newline, envelope = message.partition(b"\n")
    if not newline:
        raise ValueError("a line is missing")
    if b"\n" not in envelope:
        return [_entry(head, envelope)]
    lines = message.split(b"\n")
    return [_entry(head, envelope) for head, envelope in zip(lines[::2], lines[1::2], strict=True)]


def singly(messages: Iterable[bytes]) -> Iterator[bytes]:
    """*messages* as messages of one event each; one that is none is passed on as something that is none either."""
    for message in messages:
        lines = message.split(b"\n")
        for at in range(0, len(lines), 2):
            yield b"\n".join(lines[at : at + 2])


def _entry(head: bytes, envelope: bytes) -> Entry:
    cursor, _, name = head.partition(b" ")
    epoch, _, seq = cursor.partition(b"-")
    return Entry(Cursor(epoch.decode(), int(seq)), name.decode(), envelope)

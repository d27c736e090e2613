"""Server-sent events: one frame per event, as WHATWG HTML section 9.2 reads them."""

import re

from app.transports.lines import one_line

MEDIA_TYPE = "text/event-stream; charset=utf-8"
#: One newline, not two: some clients dispatch an empty event at a blank line.
HEARTBEAT = b":\n"

_UNSAFE = re.compile(r"[\r\n\0]")
#: CR, LF and CRLF end a line here, and nothing else does: str.splitlines would break on U+2028 and others.
_LINES = re.compile(rb"\r\n|\r|\n")


def frame(name: str | None, data: bytes, event_id: str | None = None) -> bytes:
    """One frame; *name* None leaves ``event:`` out. ValueError where id or name would break the framing."""
    if b"\n" in data or b"\r" in data:
        data = b"\ndata: ".join(_LINES.split(data))
    id_line = b"" if event_id is None else b"id: %b\n" % _safe(event_id)
    name_line = b"" if name is None else b"event: %b\n" % _safe(name)
    return b"%b%bdata: %b\n\n" % (id_line, name_line, data)


def event(name: str, envelope: bytes, event_id: str) -> bytes:
    """The frame of one stored event. Envelopes are JSON on one line, so there is nothing to split."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event_id.encode(), name.encode(), one_line(envelope))


def nameless(_name: str, envelope: bytes, event_id: str) -> bytes:
    """As :func:`event` for a plain ``onmessage``, which never sees an event that has a name."""
    return b"id: %b\ndata: %b\n\n" % (event_id.encode(), one_line(envelope))


def template(name: str | None) -> bytes:
    """The frame of a stored event of this type, but for its id and its envelope: a ``%b`` for each."""
    line = b"" if name is None else b"event: %b\n" % name.replace("%", "%%").encode()
    return b"id: %%b\n%bdata: %%b\n\n" % line


def retry(milliseconds: int) -> bytes:
    """How long the client is to wait before it reconnects: the first line of the frame that follows.

    A block of its own would reach some clients as an event without data.
    """
    return b"retry: %d\n" % milliseconds


def close(_reason: str) -> bytes:
    """Nothing: the end of the body is the end."""
    return b""


def _safe(text: str) -> bytes:
    if _UNSAFE.search(text):
        raise ValueError("CR, LF or NUL would end the field")
    return text.encode()

"""Newline-delimited JSON: one envelope a line."""

from app.transports.lines import one_line

MEDIA_TYPE = "application/x-ndjson"
#: An empty line, which readers of the format skip.
HEARTBEAT = b"\n"


def frame(_name: str | None, data: bytes, _event_id: str | None = None) -> bytes:
    return data + b"\n"


def event(_name: str, envelope: bytes, _event_id: str) -> bytes:
    return one_line(envelope) + b"\n"


def retry(_milliseconds: int) -> bytes:
    """Nothing: the ``stream.reconnect`` event says it."""
    return b""


def close(_reason: str) -> bytes:
    """Nothing: the end of the body is the end."""
    return b""

"""WebSocket: one envelope a text frame (RFC 6455), made once for all who read the same."""

from websockets.frames import Close, CloseCode, Frame, Opcode

#: Of what a message holds; a WebSocket has no media type of its own.
MEDIA_TYPE = "application/json"
#: A ping: clients answer it by themselves, and proxies see that the connection is in use.
HEARTBEAT = Frame(Opcode.PING, b"").serialize(mask=False)

#: Why the server ends a stream → the code that it closes with. 4000–4499: come back with the last id.
#: 4500–4999, refused for good, is free: what will never be allowed is refused before the upgrade.
CODES = {
    "terminal": CloseCode.NORMAL_CLOSURE,
    "gone": CloseCode.NORMAL_CLOSURE,
    "rotate": 4001,
    "drain": 4002,
    "overloaded": 4003,
    "redis_away": 4004,
    "silent": 4005,
}
#: For a reason that has no code of its own: coming back is never wrong, it is told then what there is to tell.
RECONNECT = 4000


def frame(_name: str | None, data: bytes, _event_id: str | None = None) -> bytes:
    return Frame(Opcode.TEXT, data).serialize(mask=False)


def event(_name: str, envelope: bytes, _event_id: str) -> bytes:
    return Frame(Opcode.TEXT, envelope).serialize(mask=False)


def retry(_milliseconds: int) -> bytes:
    """Nothing: the ``stream.reconnect`` event says it."""
    return b""


def close(reason: str) -> bytes:
    """The frame behind the last event of a stream that ends for *reason*."""
    return Frame(Opcode.CLOSE, Close(CODES.get(reason, RECONNECT), reason).serialize()).serialize(mask=False)

"""WebSocket with permessage-deflate (RFC 7692), so negotiated that a compressed frame too is made once for all.

No frame leans on an earlier one (``no_context_takeover``) and all have the same window. That costs some of the
compression and saves an encoder of 268 KiB per reader, and the work of compressing each event for each of them.
"""

from collections.abc import Sequence

from websockets.exceptions import NegotiationError
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.typing import ExtensionParameter

from app.transports import websocket

MEDIA_TYPE, HEARTBEAT = websocket.MEDIA_TYPE, websocket.HEARTBEAT
retry, close = websocket.retry, websocket.close

_WINDOW_BITS = 15


class Terms(ServerPerMessageDeflateFactory):
    """Accepts only what makes every reader's frames the same; a client that cannot have that gets plain ones."""

    def __init__(self) -> None:
        super().__init__(server_no_context_takeover=True, client_no_context_takeover=True)

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        answer, agreed = super().process_request_params(params, accepted_extensions)
        if agreed.local_max_window_bits != _WINDOW_BITS:
            raise NegotiationError("a smaller window would need frames of its own")
        return answer, agreed


def extension() -> PerMessageDeflate:
    """What was agreed on, for one connection: the reading side keeps the place in a message that comes in parts."""
    return PerMessageDeflate(True, True, _WINDOW_BITS, _WINDOW_BITS)


#: Of the writing side nothing is kept from one frame to the next.
_ours = [extension()]


def frame(_name: str | None, data: bytes, _event_id: str | None = None) -> bytes:
    return Frame(Opcode.TEXT, data).serialize(mask=False, extensions=_ours)


def event(_name: str, envelope: bytes, _event_id: str) -> bytes:
    return Frame(Opcode.TEXT, envelope).serialize(mask=False, extensions=_ours)

"""What one client says on its WebSocket: bytes in, whole messages and the frames that are owed for them out."""

from collections.abc import Iterable
from typing import NamedTuple, cast

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from app.transports.deflate import extension

#: Bytes of one message, whole or in parts; what a client has to say here is short.
MAX_MESSAGE = 4096
#: How a conversation ends: the client said so, or it said something that nobody may.
LEFT, BROKEN = "left", "broken"


class Heard(NamedTuple):
    """What came of some bytes."""

    #: Frames to send: pongs, and at the end of the conversation one that closes it.
    reply: bytes
    messages: list[str]
    #: Once the conversation is over, how it came to that; the reply ends with a close frame then.
    closed: str | None = None


class Talk:
    """One conversation. Pings are answered, parts put together; whatever breaks the protocol closes it.

    1002 for frames that are none, 1003 for binary ones, 1007 for what is not UTF-8, 1009 for more than MAX_MESSAGE.
    """

    __slots__ = ("_parts", "_protocol")

    def __init__(self, *, deflate: bool = False) -> None:
        self._protocol = Protocol(SERVER, max_size=MAX_MESSAGE)
        if deflate:
            self._protocol.extensions = [extension()]
        self._parts = bytearray()

    def receive(self, data: bytes) -> Heard:
        if self._closed:
            return Heard(b"", [], self._closed)
        self._protocol.receive_data(data)
        messages = self._take(cast("list[Frame]", self._protocol.events_received()))
        return Heard(b"".join(self._protocol.data_to_send()), messages, self._closed)

    @property
    def _closed(self) -> str | None:
        if self._protocol.state is OPEN:
            return None
        return LEFT if self._protocol.close_rcvd == self._protocol.close_sent else BROKEN

    def _take(self, frames: Iterable[Frame]) -> list[str]:
        """The messages that *frames* complete, up to one that is none."""
        messages: list[str] = []
        for frame in frames:
            if frame.opcode is Opcode.BINARY:
                self._protocol.fail(CloseCode.UNSUPPORTED_DATA, "only text is understood here")
                break
            if frame.opcode not in {Opcode.TEXT, Opcode.CONT}:
                continue
            self._parts += frame.data
            if frame.fin and not self._complete(messages):
                break
        return messages

    def _complete(self, messages: list[str]) -> bool:
        whole, self._parts = self._parts, bytearray()
        try:
            messages.append(whole.decode())
        except UnicodeDecodeError as error:
            self._protocol.fail(CloseCode.INVALID_DATA, f"not UTF-8 at byte {error.start}")
            return False
        return True

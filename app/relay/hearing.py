"""The other direction of one WebSocket: what its client has said and is yet to be told for it."""

from collections.abc import Callable
from typing import Any

from app.transports.talk import Talk
from jobs.eventlog import Cursor

#: Bytes that a client may say in a second; what is more waits in its socket.
ALLOWANCE = 16 * 1024
#: Bytes of answers that wait for a client which does not read; it is told no more of them then.
OWED = 8 * 1024

#: Pings that may go unanswered, one after another: a line that is dead without a word shows by nothing else.
UNANSWERED = 3

#: What becomes of a message, given where the stream stands: what to tell the client (the data of ``stream.refused``),
#: the cursor that it acknowledges, or nothing.
Hear = Callable[[str, Cursor | None], dict[str, Any] | Cursor | None]


class Hearing:
    """Bounded in all that it holds: a client that says much and reads little harms itself only."""

    __slots__ = ("acknowledged", "allowance", "busy", "hear", "owed", "said", "talk", "unanswered")

    def __init__(self, hear: Hear, *, deflate: bool) -> None:
        self.hear, self.talk = hear, Talk(deflate=deflate)
        self.said: list[str] = []
        #: Frames that go out once the socket takes them.
        self.owed = b""
        #: Whether something that was said is being done: the next thing is heard after it.
        self.busy = False
        self.allowance = ALLOWANCE
        #: Pings since it last said anything.
        self.unanswered = 0
        #: How far the client says that it has got.
        self.acknowledged: Cursor | None = None

    @property
    def listening(self) -> bool:
        return self.allowance > 0 and not self.busy

    def owe(self, frames: bytes) -> None:
        if len(self.owed) < OWED:
            self.owed += frames

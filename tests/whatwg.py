"""A reader of event streams to the letter of WHATWG HTML section 9.2.6 that swallows nothing.

What the standard tells a reader to pass over in silence is refused here: a server has no reason to send it.
"""

import codecs
import re
from dataclasses import dataclass, field
from typing import NamedTuple


class Refused(ValueError):
    """The stream holds what a lax reader would have swallowed."""


class Event(NamedTuple):
    type: str
    data: str
    last_event_id: str


#: CRLF before CR and LF, and no other break that Unicode knows.
_BREAK = re.compile("\r\n|\r|\n")
FIELDS = ("event", "data", "id", "retry")


@dataclass
class Reader:
    """Feed it bytes as they come, then say that they have ended; ``events`` are those dispatched so far."""

    events: list[Event] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    retry: int | None = None
    last_event_id: str = ""
    _fields: dict[str, list[str]] = field(default_factory=dict)
    _rest: str = ""
    _begun: bool = False

    def __post_init__(self) -> None:
        self._text = codecs.getincrementaldecoder("utf-8")("strict")

    def read(self, stream: bytes) -> "Reader":
        try:
            text = self._rest + self._text.decode(stream)
        except UnicodeDecodeError as error:
            raise Refused("bytes that are not UTF-8") from error
        if text and not self._begun:
            self._begin(text)
        #: A CR at the end may be half of a CRLF.
        held = "\r" if text.endswith("\r") else ""
        *lines, rest = _BREAK.split(text.removesuffix(held))
        self._rest = rest + held
        for line in lines:
            self._line(line)
        return self

    def close(self) -> "Reader":
        """The end of the stream: whatever has not been dispatched would be thrown away."""
        rest, self._rest = self._rest, ""
        if rest.endswith("\r"):
            self._line(rest.removesuffix("\r"))
        elif rest or self._text.getstate()[0]:
            raise Refused(f"a line without an end: {rest!r}")
        if self._fields:
            raise Refused(f"a block without an end: {self._fields}")
        return self

    def _begin(self, text: str) -> None:
        self._begun = True
        if text.startswith("\ufeff"):
            raise Refused("a byte order mark")

    def _line(self, line: str) -> None:
        if not line:
            self._dispatch()
        elif line.startswith(":"):
            self.comments.append(line[1:])
        else:
            name, _, value = line.partition(":")
            self._field(name, value.removeprefix(" "))

    def _field(self, name: str, value: str) -> None:
        if name not in FIELDS:
            raise Refused(f"an unknown field: {name!r}")
        if name == "id" and "\0" in value:
            raise Refused("NUL in an id")
        if name == "retry" and not re.fullmatch("[0-9]+", value, re.ASCII):
            raise Refused(f"a retry that is no number: {value!r}")
        if name != "data" and name in self._fields:
            raise Refused(f"a second {name} in one block")
        self._fields.setdefault(name, []).append(value)

    def _dispatch(self) -> None:
        block, self._fields = self._fields, {}
        if "data" not in block:
            raise Refused(f"a block without data: {block}")
        if "retry" in block:
            self.retry = int(block["retry"][0])
        self.last_event_id = block.get("id", [self.last_event_id])[0]
        kind = block.get("event", [""])[0] or "message"
        self.events.append(Event(kind, "\n".join(block["data"]), self.last_event_id))


def read(stream: bytes) -> list[Event]:
    """The events of a whole stream."""
    return Reader().read(stream).close().events

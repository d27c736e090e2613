"""An endpoint that answers by what has been said so far, tool calls too: over HTTP, as a stream, piece by piece."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.worker.catalogue.scripted_endpoint import Json, Reply, ScriptedEndpoint, delta, ended, used

#: What it says to a request: the same to the same.
Says = Callable[[Json], Reply]
_WIDTH = 7


class TalkingEndpoint(ScriptedEndpoint):
    """Asks *says* what to answer."""

    def __init__(self, says: Says, models: Sequence[str] = ("tiny",)) -> None:
        self._says = says
        super().__init__(Reply(), models=models)

    def next(self) -> Reply:
        return self._says(self.asked[-1])


def words(text: str, *, tokens: int = 10, then: str = "done") -> Reply:
    """Text, in pieces."""
    chunks = [delta(content=text[n : n + _WIDTH]) for n in range(0, len(text), _WIDTH)]
    return Reply(chunks=[*chunks, ended("stop"), used(tokens, 0)] if then == "done" else chunks, then=then)


def calls(*asked: tuple[str, Json | str], text: str = "", tokens: int = 10) -> Reply:
    """Tools to be called, their arguments in pieces, after some text."""
    chunks = [delta(content=text)] if text else []
    for index, (tool, arguments) in enumerate(asked):
        raw = arguments if isinstance(arguments, str) else json.dumps(arguments)
        chunks.append(_piece(index, {"name": tool, "arguments": ""}, id=f"call_{index}", type="function"))
        chunks += [_piece(index, {"arguments": raw[n : n + _WIDTH]}) for n in range(0, len(raw), _WIDTH)]
    return Reply(chunks=[*chunks, ended("tool_calls"), used(tokens, 0)])


def _piece(index: int, function: Json, **more: str) -> Json:
    return {
        "id": "c",
        "choices": [{"index": 0, "delta": {"tool_calls": [{"index": index, "function": function, **more}]}}],
    }


def results(request: Json) -> list[Any]:
    """What the tools have said so far."""
    return [json.loads(message["content"]) for message in request["messages"] if message["role"] == "tool"]


def turn(request: Json) -> str:
    """Which turn a request asks for: a plan, a call or an answer."""
    if "tools" not in request:
        return "plan"
    return "answer" if request.get("tool_choice") == "none" else "call"


@contextlib.contextmanager
def talking(says: Says, models: Sequence[str] = ("tiny",)) -> Iterator[TalkingEndpoint]:
    endpoint = TalkingEndpoint(says, models)
    try:
        yield endpoint
    finally:
        endpoint.stop()

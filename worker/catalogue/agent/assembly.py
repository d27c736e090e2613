"""A model's turn put together from the pieces of its stream: text, thoughts and calls of tools."""

import json
from dataclasses import dataclass, field
from typing import Any

from worker.catalogue.agent.records import Call

#: Calls of one turn, and characters of the arguments of one; what goes beyond is no call that we could make.
MAX_CALLS, MAX_ARGUMENTS = 8, 20_000


@dataclass
class _Part:
    id: str = ""
    tool: str = ""
    arguments: str = ""


@dataclass
class Assembly:
    """Takes chunk by chunk; what :meth:`add` returns is new and to be shown."""

    text: str = ""
    tokens: int | None = None
    #: Its end was said; a stream that just stops has lost something.
    whole: bool = False
    _parts: list[_Part] = field(default_factory=list)
    #: Which part each index of the stream stands for now.
    _places: dict[int, _Part] = field(default_factory=dict)

    def add(self, chunk: Any) -> str:
        """One chunk of a chat completion; some have usage and no choice."""
        usage = getattr(chunk, "usage", None)
        if usage is not None and usage.total_tokens:
            self.tokens = int(usage.total_tokens)
        shown = ""
        for choice in chunk.choices or ():
            for piece in choice.delta.tool_calls or ():
                self._add_call(piece)
            shown += self._add_text(choice.delta)
            self.whole = self.whole or bool(choice.finish_reason)
        return shown

    def _add_text(self, delta: Any) -> str:
        """Thoughts are shown and not kept: no endpoint wants them back."""
        thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None) or ""
        text = delta.content or ""
        self.text += text
        return f"{thought if isinstance(thought, str) else ''}{text}"

    def _add_call(self, piece: Any) -> None:
        index = piece.index or 0
        part = self._places.get(index)
        #: Some servers give every call the index 0; another id is another call.
        if part is None or (piece.id and part.id and piece.id != part.id):
            part = self._places[index] = _Part()
            self._parts.append(part)
        part.id = part.id or piece.id or ""
        if piece.function is not None:
            part.tool += piece.function.name or ""
            part.arguments = (part.arguments + (piece.function.arguments or ""))[: MAX_ARGUMENTS + 1]

    @property
    def calls(self) -> list[Call]:
        """The calls, whatever they ask for; their tools are the ones to judge."""
        named = [part for part in self._parts if part.tool][:MAX_CALLS]
        return [
            Call(id=part.id or f"call-{number}", tool=part.tool[:100], arguments=_read(part.arguments))
            for number, part in enumerate(named, 1)
        ]


def _read(arguments: str) -> dict[str, Any] | str:
    """Arguments as an object; as they are where they are none, to be told to the model."""
    if not arguments.strip():
        return {}
    try:
        found = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments[:MAX_ARGUMENTS]
    return found if isinstance(found, dict) else arguments

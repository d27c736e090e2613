"""What a model says, piece by piece, and what is to be said of it at the end."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One token, more or less: some endpoints send several at once."""

    text: str = ""
    #: What a model that reasons says to itself first.
    thinking: str = ""


@dataclass(slots=True, kw_only=True)
class Ending:
    """Filled in while the pieces come."""

    #: As its source has it.
    model: str
    #: "stop", "length" or what else the endpoint says; "" until it has.
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    #: What chance began with, where that is known.
    seed: int | None = None


class Source(Protocol):
    """Where the text comes from."""

    ending: Ending
    #: Told in the result: "endpoint" or "embedded".
    name: str

    def pieces(self) -> AsyncGenerator[Piece]:
        """The text as it comes; closing it frees whatever works on it at the source."""
        ...

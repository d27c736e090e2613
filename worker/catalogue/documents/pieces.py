"""A piece of a document, where it stands, and why there is none."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["line", "page", "paragraph"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a document as it was read: its text and where it begins and ends."""

    unit: Unit
    first: int
    last: int
    text: str


class Unreadable(Exception):
    """The document cannot be read: *code* is for programs, *message* for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message

"""Documents cut into passages, each with the place where it stands."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from worker.catalogue.agent.limits import PASSAGE_CHARS
from worker.catalogue.documents.pieces import Piece, Unit

_ENDS = (". ", "! ", "? ", "。", "！", "？", "; ", ", ", " ")  # noqa: RUF001 - Chinese sentences end so


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A part of a document that can be found and quoted."""

    file: str
    place: str
    text: str


def passages(file: str, pieces: Iterable[Piece]) -> Iterator[Passage]:
    """Join short pieces and cut long ones, so that each passage has about as much text as one can quote."""
    held: list[Piece] = []
    for piece in pieces:
        if held and (_size(held) + len(piece.text) > PASSAGE_CHARS or _apart(held[-1], piece)):
            yield from _cut(file, held)
            held = []
        held.append(piece)
    if held:
        yield from _cut(file, held)


def _size(held: list[Piece]) -> int:
    return sum(len(piece.text) + 1 for piece in held)


def _apart(before: Piece, after: Piece) -> bool:
    """A passage stands on one page, so that it can be looked up."""
    return before.unit == "page" and before.first != after.first


def _cut(file: str, held: list[Piece]) -> Iterator[Passage]:
    place = placed(held[0].unit, held[0].first, held[-1].last)
    text = "\n".join(piece.text for piece in held)
    for part in parts(text):
        yield Passage(file=file, place=place, text=part)


def parts(text: str) -> Iterator[str]:
    """Cut *text* where a sentence ends, or else a word, or else anywhere."""
    left = text.strip()
    while len(left) > PASSAGE_CHARS:
        end = _end(left)
        yield left[:end].strip()
        left = left[end:].strip()
    if left:
        yield left


def _end(text: str) -> int:
    """Where to cut: not before half of a passage, so that parts are not crumbs."""
    head = text[:PASSAGE_CHARS]
    for end in _ENDS:
        at = head.rfind(end)
        if at >= PASSAGE_CHARS // 2:
            return at + len(end)
    return PASSAGE_CHARS


def placed(unit: Unit, first: int, last: int) -> str:
    """`line 3`, `lines 3–9`, `page 2`."""
    return f"{unit} {first}" if first == last else f"{unit}s {first}–{last}"

"""The sheets of an Excel workbook: their names, which are hidden, how far each reaches, which cells are merged."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import normpath
from xml.etree import ElementTree as ET

from worker.catalogue.tables.archive import BOOK, Archive, broken, too_large
from worker.catalogue.tables.limits import MAX_SHEET_CELLS
from worker.context import Context

_LINKS = "xl/_rels/workbook.xml.rels"
_MOST_MERGES = 50_000
_MOST_SHEETS = 1_000
#: Cells that hold something: one that is only painted closes itself.
_CELL = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\br=["']([A-Z]{1,3})(\d{1,7})["'][^>]*(?<!/)>""")
_MERGE = re.compile(rb"""<(?:\w+:)?mergeCell\b[^>]*?\bref=["']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})["']""")
_WRONG = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\bt=["']e["']""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet as the workbook lists it."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Rows and columns from a first to a last one, counted from 1."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How far the filled cells of a sheet reach, and what is special among them."""

    block: Block | None
    merged: tuple[Block, ...]
    #: Formulas that gave an error, such as #DIV/0!.
    errors: int


def sheets_of(archive: Archive) -> list[Sheet]:
    """The sheets of cells, in the workbook's order."""
    try:
        book, links = ET.fromstring(archive.text(BOOK)), ET.fromstring(archive.text(_LINKS))  # noqa: S314 - bounded
    except ET.ParseError as error:
        raise broken() from error
    parts = {link.get("Id", ""): _place(link.get("Target", "")) for link in links}
    found = [sheet for sheet in book.iter() if sheet.tag.rsplit("}", 1)[-1] == "sheet"]
    named = [(sheet, parts.get(_link(sheet), "")) for sheet in found[:_MOST_SHEETS]]
    return [
        Sheet(name=sheet.get("name", ""), part=part, hidden=sheet.get("state", "visible") != "visible")
        for sheet, part in named
        if part.startswith("xl/worksheets/") and part in archive
    ]


def _place(target: str) -> str:
    return normpath(target.lstrip("/") if target.startswith("/") else f"xl/{target}").lower()


def _link(sheet: ET.Element) -> str:
    return next((value for key, value in sheet.attrib.items() if key.endswith("}id")), "")


def extent_of(ctx: Context, archive: Archive, sheet: Sheet) -> Extent:
    """Look through a sheet before it is loaded: two cells far apart would take the memory of all between them."""
    top = left = 1 << 30
    bottom = right = errors = 0
    merged: list[Block] = []
    for piece in _pieces(archive, sheet):
        cells = _CELL.findall(piece)
        if cells:
            rows, columns = [int(row) for _, row in cells], [_number(name) for name in {name for name, _ in cells}]
            top, bottom = min(top, *rows), max(bottom, *rows)
            left, right = min(left, *columns), max(right, *columns)
        merged += [_block(found) for found in _MERGE.findall(piece)] if len(merged) < _MOST_MERGES else []
        errors += len(_WRONG.findall(piece))
        ctx.raise_if_cancelled()
    if not bottom:
        return Extent(block=None, merged=(), errors=errors)
    if (bottom - top + 1) * (right - left + 1) > MAX_SHEET_CELLS:
        raise too_large()
    return Extent(block=Block(top=top, left=left, bottom=bottom, right=right), merged=tuple(merged), errors=errors)


def _pieces(archive: Archive, sheet: Sheet) -> Iterator[bytes]:
    """The sheet's text in pieces that end between two tags."""
    rest = b""
    for chunk in archive.unfolded(sheet.part):
        text = rest + chunk
        cut = text.rfind(b"<")
        yield text[: max(cut, 0)]
        rest = text[max(cut, 0) :]
    yield rest


def _number(name: bytes) -> int:
    """`A` → 1, `AB` → 28."""
    number = 0
    for sign in name:
        number = number * 26 + sign - 64
    return number


def _block(found: tuple[bytes, bytes, bytes, bytes]) -> Block:
    left, top, right, bottom = found
    return Block(top=int(top), left=_number(left), bottom=int(bottom), right=_number(right))

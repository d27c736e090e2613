"""What a folder or a URL held when the job first looked: a later run works on the same list, whatever came since."""

from collections.abc import Callable
from typing import Any

from worker.catalogue.files.listing import Entry, Listing
from worker.catalogue.files.refused import Refused
from worker.context import Context

#: Entries that are kept in one piece, which may be 1 MiB.
_PIECE = 250
_NAME = "listing"

#: Adds what there is to a listing; where each of its entries is found.
Find = Callable[[Listing], list[str]]


def remembered(ctx: Context, find: Find) -> tuple[list[Entry], list[str]]:
    """The entries and their places, found now or by the first run of the job."""
    if ctx.saved(_NAME) is None:
        listing = Listing()
        _remember(ctx, listing.entries, find(listing))
    rows = [row for piece in range(ctx.saved(_NAME)) for row in ctx.saved(f"{_NAME} {piece}")]
    return [_entry(number, row) for number, row in enumerate(rows)], [row["place"] for row in rows]


def _remember(ctx: Context, entries: list[Entry], places: list[str]) -> None:
    rows = [_row(entry, place) for entry, place in zip(entries, places, strict=True)]
    pieces = range(0, len(rows), _PIECE)
    for number, begin in enumerate(pieces):
        ctx.save(f"{_NAME} {number}", rows[begin : begin + _PIECE])
    ctx.save(_NAME, len(pieces))


def _row(entry: Entry, place: str) -> dict[str, Any]:
    row: dict[str, Any] = {"path": entry.path, "size": entry.size, "place": place}
    if entry.refusal is not None:
        row["refusal"] = [entry.refusal.code, entry.refusal.message, entry.refusal.skipped]
    return row


def _entry(number: int, row: dict[str, Any]) -> Entry:
    found = row.get("refusal")
    refusal = None if found is None else Refused(found[0], found[1], skipped=found[2])
    return Entry(number=number, path=row["path"], size=row["size"], refusal=refusal)

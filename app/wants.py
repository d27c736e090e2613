"""How the request in hand wants its events: from which cursor on, over which transport, and which of them."""

import re
from functools import lru_cache

from flask import request

from app.answers import in_hand, negotiate
from app.problems import Problem
from app.relay.lens import MAX_PATTERNS, Lens
from app.relay.replay import BEGINNING, LATEST, SNAPSHOT
from jobs.errors import InvalidCursor
from jobs.eventlog import Cursor

JSON = "application/json"
MEDIA_TYPES = {"text/event-stream": "sse", "application/x-ndjson": "ndjson", JSON: "json"}
MAX_EVENTS = 1000
#: The longest that a client may have its calm events wait.
MAX_INTERVAL_MS = 60_000
#: Wishes that are remembered: clients of one kind ask alike, and each wish is a dozen looks at a request.
_REMEMBERED = 256
_PATTERN = re.compile(r"[a-z][a-z_.]{0,39}\*?|\*")

After = Cursor | str | None


def parse_after(text: str | None) -> After:
    """The cursor that a client named; None for one that no log could have given out."""
    if text is None or text == "":
        return SNAPSHOT
    if text in {BEGINNING, LATEST}:
        return text
    try:
        return Cursor.parse(text)
    except InvalidCursor:
        return None


def whole_number(name: str, default: int, low: int, high: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not low <= int(text) <= high:
        raise Problem("malformed_query", f"{name} must be a number from {low} to {high}.")
    return int(text)


def transport_of() -> str:
    """The transport that the request in hand asks for."""
    return _transport(in_hand().environ.get("HTTP_ACCEPT"))


@lru_cache(_REMEMBERED)
def _transport(_accept: str | None) -> str:
    """That of the request in hand, of which it looks at the given header only."""
    return MEDIA_TYPES[negotiate(*MEDIA_TYPES)]


def cursor_text() -> str | None:
    """The cursor as the request in hand names it."""
    asked = in_hand()
    return asked.environ.get("HTTP_LAST_EVENT_ID") or _after(asked.query_string)


@lru_cache(_REMEMBERED)
def _after(_query: bytes) -> str | None:
    return request.args.get("after")


def lens_of(transport: str, *, deflate: bool = False) -> Lens:
    """How the request in hand wants its events."""
    asked = in_hand()
    return _lens(transport, deflate, asked.query_string, asked.environ.get("HTTP_ACCEPT_ENCODING"))


@lru_cache(_REMEMBERED)
def _lens(transport: str, deflate: bool, _query: bytes, _encodings: str | None) -> Lens:
    """That of the request in hand, of which it looks at what is given only."""
    lens = Lens(
        transport=transport,
        deflate=deflate,
        named=request.args.get("names") != "0",
        types=_types(),
        min_interval_ms=whole_number("min_interval", 0, 0, MAX_INTERVAL_MS),
        gzip=transport in {"sse", "ndjson"} and _compressed(),
    )
    return _shared(lens)


@lru_cache(maxsize=1024)
def _shared(lens: Lens) -> Lens:
    """Of equal ones the first: thousands of streams want their events alike."""
    return lens


def _compressed() -> bool:
    """Only where it is asked for by name: browsers accept gzip everywhere, and it costs memory for each stream."""
    wished = request.args.get("compress")
    if wished not in {None, "gzip"}:
        raise Problem("malformed_query", "compress can be gzip.")
    return wished == "gzip" and request.accept_encodings.quality("gzip") > 0


def _types() -> tuple[str, ...]:
    names = tuple(sorted({name.strip() for name in request.args.get("types", "").split(",") if name.strip()}))
    if len(names) > MAX_PATTERNS or not all(_PATTERN.fullmatch(name) for name in names):
        raise Problem("malformed_query", "types takes event types or prefixes such as step.*")
    return names

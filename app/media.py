"""Media types: which are taken at their word, and which a browser may show."""

import re

OCTETS = "application/octet-stream"

_SHAPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}", re.ASCII)
#: What a page would run, or a browser take for more than a file: given out as bytes.
_ACTIVE = re.compile(r"(java|ecma|live|type)script|^text/css$|wasm|xslt|xhtml|^multipart/|[/+]xml$", re.ASCII)
#: The one XML that is shown: charts.
_PICTURE = "image/svg+xml"
_TEXT = frozenset({"text/plain", "text/html", "text/csv", "text/markdown", "text/tab-separated-values"})
_SHOWN = frozenset({"text/plain", "text/html", "application/json"})


def plain_type(text: str) -> str:
    """The bare media type that *text* names, application/octet-stream where it names none or an active one."""
    bare = text.partition(";")[0].strip().lower()
    if _SHAPE.fullmatch(bare) is None or (_ACTIVE.search(bare) and bare != _PICTURE):
        return OCTETS
    return bare


def content_type(media_type: str) -> str:
    """A plain media type as a header: text is UTF-8."""
    return f"{media_type}; charset=utf-8" if media_type in _TEXT else media_type


def is_shown(media_type: str) -> bool:
    """Whether a browser is to show it rather than save it."""
    return media_type in _SHOWN or media_type.startswith("image/")

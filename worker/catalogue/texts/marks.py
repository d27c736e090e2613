"""The encoding that a byte order mark at the begin of a text names."""

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def by_mark(start: bytes) -> str | None:
    """The codec that the mark at the begin of *start* names; None where there is none."""
    return next((codec for mark, codec in _MARKS if start.startswith(mark)), None)

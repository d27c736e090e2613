"""In which encoding a text is written: its byte order mark, else UTF-8, else the likeliest of the usual ones."""

import codecs
from collections.abc import Iterable

from charset_normalizer import from_bytes

from worker.catalogue.texts.limits import SAMPLE_BYTES
from worker.catalogue.texts.marks import by_mark

#: What systems and spreadsheets of the world write; anything rarer is more often a wrong guess than a right one.
_USUAL = ["gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1252", "cp1251", "cp1250", "koi8_r", "iso8859_2", "cp874"]
#: What DOS wrote, and archives still do in names of files. No other guess is worse for it.
_USUAL += ["cp437", "cp866"]
_WESTERN = "cp1252"
_ENOUGH_BYTES = 64 << 10
_MOSTLY = 0.3


def detect(start: bytes, foreign: bytes) -> str:
    """Name the codec of a text from its first bytes and a sample that begins where it stops being ASCII."""
    marked = by_mark(start)
    if marked is not None:
        return marked
    wide = _wide(start)
    if wide:
        return wide
    return "utf-8" if is_utf8(foreign, cut=True) else likeliest(foreign.split(b"\n"))


def _wide(start: bytes) -> str:
    """Find UTF-16 without a mark: in tables of any script every second byte of much of it is zero."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    half = len(start) / 2
    if odd > _MOSTLY * half and even < odd / 4:
        return "utf-16-le"
    if even > _MOSTLY * half and odd < even / 4:
        return "utf-16-be"
    return ""


def is_utf8(sample: bytes, *, cut: bool = False) -> bool:
    """Whether *sample* is UTF-8; one that is *cut* may end in the midst of a sign."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=not cut)
    except UnicodeDecodeError:
        return False
    return True


def likeliest(lines: Iterable[bytes]) -> str:
    """The codec that makes the most likely text of *lines*."""
    #: Those that are ASCII say nothing about an encoding.
    sample = b"\n".join(line for line in lines if not line.isascii())[:_ENOUGH_BYTES]
    best = from_bytes(sample, cp_isolation=_USUAL).best()
    if best is None:
        return _WESTERN
    same = sample.decode(_WESTERN, errors="replace") == str(best)
    return _WESTERN if same else best.encoding


def foreign_sample(chunks: Iterable[bytes]) -> bytes:
    """Return up to 256 KiB from the line on in which the first byte beyond ASCII stands."""
    kept = b""
    for chunk in chunks:
        kept = kept + chunk if kept or not chunk.isascii() else b""
        if len(kept) >= SAMPLE_BYTES:
            break
    return kept[:SAMPLE_BYTES]

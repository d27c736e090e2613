"""In which encoding text or the names in an archive are written, where nothing says so."""

from collections.abc import Iterable

from worker.catalogue.texts.marks import by_mark

#: What the systems and spreadsheets of the world write; anything rarer is more often a wrong guess than a right one.
_USUAL = ["gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1252", "cp1251", "cp1250", "koi8_r", "cp437", "cp866"]
_WESTERN = "cp1252"
_SAMPLE = 64 << 10


def of_text(data: bytes) -> str:
    """The codec of a text: by its mark, else UTF-8 where it is that, else the likeliest."""
    marked = by_mark(data)
    if marked is not None:
        return marked
    return "utf-8" if is_utf8(data) else likeliest(b"\n".join(_foreign(data.splitlines())))


def of_names(names: Iterable[bytes], otherwise: str) -> str:
    """One codec for all names of an archive, for one program wrote them; *otherwise* where they are too few to tell."""
    foreign = list(_foreign(names))
    if all(map(is_utf8, foreign)):
        return "utf-8"
    sample = b"\n".join(foreign)
    return likeliest(sample) if len(sample) >= 2 * len(foreign) else otherwise


def likeliest(sample: bytes) -> str:
    """The codec that makes the most likely text of *sample*."""
    from charset_normalizer import from_bytes  # noqa: PLC0415 - it takes a moment, and most text is UTF-8

    best = from_bytes(sample[:_SAMPLE], cp_isolation=_USUAL).best()
    return _WESTERN if best is None else best.encoding


def is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _foreign(lines: Iterable[bytes]) -> Iterable[bytes]:
    """Those that are not ASCII: the others say nothing about an encoding."""
    return (line for line in lines if not line.isascii())

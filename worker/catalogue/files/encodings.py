"""In which encoding the names in an archive are written, where nothing says so."""

from collections.abc import Iterable


def of_names(names: Iterable[bytes], otherwise: str) -> str:
    """One codec for all names of an archive, for one program wrote them; *otherwise* where they are too few to tell."""
    foreign = [name for name in names if not name.isascii()]
    if not foreign:
        return "utf-8"
    from worker.catalogue.texts.encodings import is_utf8, likeliest  # noqa: PLC0415 - not before a job needs its library

    if all(map(is_utf8, foreign)):
        return "utf-8"
    return likeliest(foreign) if len(b"\n".join(foreign)) >= 2 * len(foreign) else otherwise

"""Names of files as any file system takes them."""

import unicodedata

from jobs.errors import InvalidEvent

#: Bytes of a file's name in UTF-8: file systems stop at 255.
NAME_BYTES = 200


def plain_name(name: str) -> str:
    """*name* without folders, control characters or anything else that a path could turn on; InvalidEvent if empty."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(ch for ch in last if ch.isprintable() and ch not in '<>:"|?*')
    #: Normalised after that and cut at its begin, where no extension is: a plain name stays as it is.
    whole = unicodedata.normalize("NFC", kept).strip(". ").encode()
    short = whole[-NAME_BYTES:].decode(errors="ignore").strip(". ")
    if not short:
        raise InvalidEvent(event="artifact.ready", why=f"{name[:40]!r} is not a file name")
    return short

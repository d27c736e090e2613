"""Names that others chose, made safe: paths inside a batch, never paths of this machine."""

import hashlib
import re
import unicodedata
from pathlib import PurePosixPath

from worker.catalogue.files.limits import MAX_PATH
from worker.catalogue.files.refused import Refused

#: Characters of an item's key.
_KEY = 200
_PART_BYTES = 255
_DRIVE = re.compile(r"[A-Za-z]:")
#: A first character that makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: What systems leave beside files and nobody means to send.
_LITTER = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._[^/]*$)")


def clean(name: str) -> str:
    """*name* as a path below the batch: ``a/b.txt``; Refused where it would lead elsewhere or is none."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/"))
    if not plain.isprintable() or not _encodes(plain):
        raise Refused("unsafe_path", "The name has characters in it that no file's name should have.")
    if plain.startswith("/") or _DRIVE.match(plain):
        raise Refused("unsafe_path", "The path is an absolute one; it has to lie inside the archive.")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refused("unsafe_path", "The path leads out of the archive by “..”.")
    if not parts:
        raise Refused("unsafe_path", "The file has no name.")
    if len(plain) > MAX_PATH or any(len(part.encode()) > _PART_BYTES for part in parts):
        raise Refused(
            "unsafe_path", f"The path is longer than {MAX_PATH:,} characters, or a name in it than 255 bytes."
        )
    return "/".join(parts)


def is_litter(path: str) -> bool:
    """Whether *path* is what a system leaves beside files: resource forks, thumbnails, folder settings."""
    return _LITTER.search(path) is not None


def shown(name: str) -> str:
    """*name* as people may see it, whatever it is: one line, at most 200 characters, two names never the same."""
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)
    plain = plain.encode("utf-8", "replace").decode() or "(no name)"
    if len(plain) <= _KEY:
        return plain
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain[: _KEY - 60]}…{mark}…{plain[-40:]}"


def unique(path: str, taken: set[str]) -> str:
    """*path*, or with `` (2)`` before its ending where that is taken by another."""
    whole, number = PurePosixPath(path), 2
    while path in taken:
        path = str(whole.with_name(f"{whole.stem} ({number}){whole.suffix}"))
        number += 1
    taken.add(path)
    return path


def with_ending(path: str, ending: str, taken: set[str]) -> str:
    """The name of a result: *path* with another ending; where that is taken, *path* with the ending added."""
    short = str(PurePosixPath(path).with_suffix(ending))
    if short not in taken:
        taken.add(short)
        return short
    return unique(path + ending, taken)


def suffix_of(path: str) -> str:
    """The ending of *path* in lower case, with its dot, or nothing."""
    return PurePosixPath(path).suffix.lower()


def cell(text: str) -> str:
    """*text* for a cell of a spreadsheet, where a name must not become a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

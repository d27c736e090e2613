"""An author's values as the wire can carry them: text without lone surrogates, JSON numbers, JSON objects."""

import math
from collections.abc import Callable, Mapping
from typing import Any, SupportsFloat

import msgspec

#: Characters of a name (step, output, metric, alert, item key).
NAME = 200
#: Characters of a text for people (progress, log, alert, reason, summary).
TEXT = 4000


def text(value: object, limit: int = TEXT) -> str:
    """*value* as text of at most *limit* characters that UTF-8 can carry."""
    plain = str(value)
    if len(plain) > limit:
        plain = plain[: limit - 1] + "…"
    return plain if plain.isascii() else plain.encode("utf-8", "replace").decode()


def name(value: object) -> str:
    """A name of 1 to 200 characters; ValueError where there is none."""
    #: As nearly all are: each item has two.
    if type(value) is str and 0 < len(value) <= NAME and value.isascii():
        return value
    plain = text(value, NAME)
    if not plain:
        raise ValueError("a name must not be empty")
    return plain


def number(value: SupportsFloat) -> float:
    """*value* (also of numpy and the like) as a JSON number; ValueError unless it is finite."""
    plain = value if type(value) is int else float(value)
    if not math.isfinite(plain):
        raise ValueError(f"{plain} is not a number that JSON has")
    return plain


def maybe(value: SupportsFloat | None) -> float | None:
    """As number, but None for what JSON cannot say."""
    return None if value is None or not math.isfinite(value) else number(value)


def fields(values: Mapping[str, Any]) -> dict[str, Any] | None:
    """A copy of *values* as JSON has them (what it does not know becomes text); None where there are none.

    A copy, because the author may change the original before it is written.
    """
    if not values:
        return None
    copied: dict[str, Any] = msgspec.json.decode(encoded(values, _known_or_text))
    return copied


def encoded(value: object, other: Callable[[Any], Any]) -> bytes:
    """*value* as JSON, lone surrogates replaced; *other* turns what JSON does not have into what it has, or raises."""
    try:
        return msgspec.json.encode(value, enc_hook=other)
    except UnicodeEncodeError:
        return msgspec.json.encode(_mended(value), enc_hook=other)


def _mended(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_mended(key): _mended(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_mended(each) for each in value]
    return value


def known(value: object) -> Any:
    """What JSON does not have but says plainly: numbers and arrays of numpy, models; TypeError for all else."""
    for convert in ("model_dump", "tolist"):
        method = getattr(value, convert, None)
        if callable(method):
            return method()
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")


def _known_or_text(value: object) -> Any:
    try:
        return known(value)
    except TypeError:
        return text(value)

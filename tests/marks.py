"""Which files a run of marked tests has to read."""

import re
from collections.abc import Iterator
from itertools import chain, combinations
from pathlib import Path

from _pytest.mark.expression import Expression

_MARK = re.compile(r"\bmark\.(\w+)")
_OF_ALL = re.compile(r"^pytestmark = (.+)$", re.MULTILINE)


def may_hold(path: Path, expression: str) -> bool:
    """Whether a test at or below *path* could bear marks that *expression*, pytest's ``-m``, asks for."""
    asked = Expression.compile(expression)
    return any(asked.evaluate(borne.__contains__) for borne in _borne(path, set(re.findall(r"\w+", expression))))


def _borne(path: Path, wanted: set[str]) -> Iterator[set[str]]:
    """What tests at *path* may bear of the *wanted* marks: all that its folder or its ``pytestmark`` gives, any other.

    Of a folder only its name is known.
    """
    if path.is_dir():
        always, named = {path.name}, wanted
    else:
        text = path.read_text("utf-8")
        always, named = {path.parent.name, *_MARK.findall("\n".join(_OF_ALL.findall(text)))}, set(_MARK.findall(text))
    free = sorted(named & wanted - always)
    for some in chain.from_iterable(combinations(free, many) for many in range(len(free) + 1)):
        yield always | set(some)

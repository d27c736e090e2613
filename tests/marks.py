"""Which files a run of marked tests has to read."""

import re
from itertools import chain, combinations
from pathlib import Path

from _pytest.mark.expression import Expression

_MARK = re.compile(r"\bmark\.(\w+)")


def may_hold(path: Path, expression: str) -> bool:
    """Whether a test of the file at *path* could bear marks that *expression*, pytest's ``-m``, asks for."""
    asked = Expression.compile(expression)
    named = {*_MARK.findall(path.read_text("utf-8")), *path.parts} & set(re.findall(r"\w+", expression))
    #: A test bears any of the marks that its file names: not each stands over the whole file.
    borne = chain.from_iterable(combinations(sorted(named), many) for many in range(len(named) + 1))
    return any(asked.evaluate(set(some).__contains__) for some in borne)

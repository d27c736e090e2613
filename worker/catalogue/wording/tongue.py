"""The language that a report is written in: English as the code has it, any other by a table of its sentences."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

ENGLISH, CHINESE, AUTO = "en", "zh", "auto"
_FOLDER = Path(__file__).parent / "languages"
#: One for each thread and greenlet, so that reports that are written side by side keep their own.
_spoken: ContextVar[str] = ContextVar("language of the report", default=ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """What is said inside is said in that language."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def heard(texts: Sequence[str]) -> None:
    """Where the language is to be that of the file: go on in that of these headers."""
    if _spoken.get() == AUTO:
        _spoken.set(language_of(texts))


def spoken() -> str:
    """The language that is spoken now: `en` or `zh`."""
    return ENGLISH if _spoken.get() == AUTO else _spoken.get()


def say(template: str, /, **values: Any) -> str:
    """The sentence in the language spoken, with its values; the template is the English one."""
    return _table(spoken(), "sentences").get(template, template).format(**values)


def counted(noun: str) -> str:
    """What is counted, as it stands behind its number."""
    return _table(spoken(), "counted").get(noun, noun)


@cache
def _table(language: str, part: str) -> dict[str, str]:
    if language == ENGLISH:
        return {}
    found: dict[str, dict[str, str]] = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found[part]


def language_of(texts: Sequence[str]) -> str:
    """The language of headers and names: Chinese where a third of them has Chinese signs."""
    written = [text for text in texts if any(sign.isalpha() for sign in text)]
    chinese = sum(any("\u4e00" <= sign <= "\u9fff" for sign in text) for text in written)
    return CHINESE if written and chinese * 3 >= len(written) else ENGLISH

"""The documents as data: their sections, tables and code blocks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("docs", "examples", "deploy")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def section(page: str, title: str) -> str:
    """What stands under the heading *title*, up to the next one of its rank or above."""
    found = re.search(rf"^(#+) {re.escape(title)}$", text(page), re.MULTILINE)
    assert found, f"{page} has no section {title!r}"
    rest = text(page)[found.end() :]
    after = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: after.start()] if after else rest


def rows(part: str) -> Iterator[list[str]]:
    """The cells of every row of every Markdown table in *part*, heads too."""
    for line in part.splitlines():
        if line.startswith("|") and not re.fullmatch(r"[|\s:-]+", line):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def words(cell: str) -> list[str]:
    """What a cell sets as code."""
    return re.findall(r"`([^`]+)`", cell)


class Block(NamedTuple):
    """A fenced block: where it stands, and its text."""

    page: Path
    line: int
    code: str

    @property
    def place(self) -> str:
        return f"{name_of(self.page)}:{self.line}"


def blocks(language: str) -> list[Block]:
    """Every block of *language* in every page."""
    return [block for page in PAGES for block in _blocks(page, language)]


def _blocks(page: Path, language: str) -> Iterator[Block]:
    content = page.read_text("utf-8")
    for fence in re.finditer(r"^```(\w*)[^\n]*\n(.*?)^```$", content, re.MULTILINE | re.DOTALL):
        if fence[1] == language:
            yield Block(page, content.count("\n", 0, fence.start()) + 1, fence[2])

"""A file is left unread only where no test of it could be asked for."""

from pathlib import Path

import pytest

from cli.suite import PHASES
from tests.marks import may_hold

CROWD = "@pytest.mark.crowd\ndef test_it(): ...\n"
ALONE = "pytestmark = [pytest.mark.acceptance, pytest.mark.alone]\n"
TOGETHER, IN_PAIRS, BY_ITSELF = [words[-1] for words in PHASES.values()]


def written(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "test_it.py"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "phases"),
    [
        ("def test_it(): ...\n", {TOGETHER}),
        (CROWD, {TOGETHER, IN_PAIRS}),
        (ALONE, {TOGETHER, BY_ITSELF}),
        (CROWD + ALONE, {TOGETHER, IN_PAIRS, BY_ITSELF}),
    ],
)
def test_a_file_is_read_in_each_phase_that_may_ask_for_one_of_its_tests(
    tmp_path: Path, text: str, phases: set[str]
) -> None:
    path = written(tmp_path, text)
    assert {words[-1] for words in PHASES.values() if may_hold(path, words[-1])} == phases


def test_a_mark_that_a_folder_gives_is_a_mark(tmp_path: Path) -> None:
    assert may_hold(written(tmp_path / "browser", ""), IN_PAIRS)
    assert not may_hold(written(tmp_path / "app", ""), IN_PAIRS)

"""A file is left unread only where no test of it could be asked for."""

from pathlib import Path

import pytest

from cli.suite import PHASES
from tests.marks import may_hold

PLAIN = "def test_it(): ...\n"
CROWD = "@pytest.mark.crowd\ndef test_crowd(): ...\n"
ALONE = "@pytest.mark.alone\ndef test_alone(): ...\n"
ALL_CROWDS = "pytestmark = [pytest.mark.acceptance, pytest.mark.crowd]\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "test_it.py"


def phases(path: Path) -> list[str]:
    """Those in which *path* is read."""
    return [name for name, words in PHASES.items() if may_hold(path, words[-1])]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (PLAIN, ["together"]),
        (CROWD, ["together", "in pairs"]),
        (ALONE, ["together", "alone"]),
        (CROWD + ALONE, ["together", "in pairs", "alone"]),
        (ALL_CROWDS + PLAIN, ["in pairs"]),
        (ALL_CROWDS + ALONE, ["in pairs"]),
    ],
)
def test_a_file_is_read_in_each_phase_that_may_ask_for_one_of_its_tests(file: Path, text: str, read: list[str]) -> None:
    file.write_text(text, "utf-8")
    assert phases(file) == read


def test_a_mark_that_a_folder_gives_is_one_of_all_its_tests(tmp_path: Path) -> None:
    folder = tmp_path / "browser"
    folder.mkdir()
    (folder / "test_it.py").write_text(PLAIN, "utf-8")
    assert phases(folder) == phases(folder / "test_it.py") == ["in pairs"]


def test_of_any_other_folder_all_is_possible(tmp_path: Path) -> None:
    assert phases(tmp_path) == list(PHASES)

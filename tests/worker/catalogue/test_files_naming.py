"""Names that others chose: none of them leads out of the batch, and no two are shown alike."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.catalogue.files import naming
from worker.catalogue.files.refused import Refused

NAMES = st.text(alphabet="ab./\\: ~é\x00\n\ud800", max_size=30) | st.text(max_size=40)


@settings(max_examples=60)
@given(NAMES)
def test_a_clean_path_stays_below_wherever_it_is_put(name: str) -> None:
    try:
        path = naming.clean(name)
    except Refused:
        return
    parts = PurePosixPath(path).parts
    assert parts
    assert not PurePosixPath(path).is_absolute()
    assert not {"..", ".", ""} & set(path.split("/"))
    assert "\\" not in path
    assert path.isprintable()
    assert naming.clean(path) == path


@pytest.mark.parametrize(
    "name",
    [
        "../a", "a/../../b", "..", "/etc/passwd", "\\\\server\\share", "C:\\a", "c:a", "..\\a", "a\x00b", "a\nb", "",
        ".", "./", "/", "a\ud800", "a" * 256, "a/" * 600 + "b", "a\u202eb",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_or_nowhere_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        naming.clean(name)


@pytest.mark.parametrize(
    ("name", "path"), [("a\\b.txt", "a/b.txt"), ("./a//b", "a/b"), ("e\u0301.txt", "é.txt"), ("a..b/c...", "a..b/c...")]
)
def test_a_path_is_the_same_whichever_system_wrote_it(name: str, path: str) -> None:
    assert naming.clean(name) == path


@settings(max_examples=30)
@given(st.lists(st.text(min_size=1, max_size=400), unique=True, max_size=8))
def test_what_is_shown_of_a_name_is_one_short_line(names: list[str]) -> None:
    for name in names:
        shown = naming.shown(name)
        assert 0 < len(shown) <= 200
        assert shown.isprintable()


def test_two_long_names_are_never_shown_alike() -> None:
    names = ["a" * 300, "a" * 301, "a" * 299 + "b"]
    assert len({naming.shown(name) for name in names}) == 3


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["a.pdf", "a.docx", "a.txt", "a", "b/a.pdf", "a.pdf.txt", ".pdf"]), unique=True))
def test_no_two_results_have_one_name(paths: list[str]) -> None:
    taken: set[str] = set()
    names = [naming.with_ending(path, ".txt", taken) for path in paths]
    assert len(set(names)) == len(names)


def test_a_result_is_called_as_its_file_where_it_can_be() -> None:
    taken: set[str] = set()
    assert naming.with_ending("x/a.pdf", ".txt", taken) == "x/a.txt"
    assert naming.with_ending("x/a.docx", ".txt", taken) == "x/a.docx.txt"


def test_of_uploads_with_one_name_the_second_is_numbered() -> None:
    taken: set[str] = set()
    assert [naming.unique("a.pdf", taken) for _ in range(3)] == ["a.pdf", "a (2).pdf", "a (3).pdf"]


@pytest.mark.parametrize("text", ["=1+1", "+a", "-a", "@a", "\ta"])
def test_a_name_never_becomes_a_formula(text: str) -> None:
    assert naming.cell(text) == f"'{text}"


@pytest.mark.parametrize("path", ["__MACOSX/a/._b", "a/.DS_Store", "Thumbs.db", "a/._b.txt"])
def test_what_systems_leave_behind_is_known(path: str) -> None:
    assert naming.is_litter(path)
    assert not naming.is_litter("a/DS_Store.txt")

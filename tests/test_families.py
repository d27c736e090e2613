"""What shares something dear goes to one process, everything else wherever there is room."""

from pathlib import Path

from tests.families import STATISTICS, family


def test_files_that_load_the_same_libraries_or_ask_the_same_service_are_one_family(tmp_path: Path) -> None:
    texts = ["import report_job", "import train_job", "def test_it(wide_service): ...", "def test_it(service): ..."]
    paths = [tmp_path / f"test_{n}.py" for n in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, "utf-8")

    report, train, wide, own = map(family, paths)

    assert report == train == STATISTICS
    assert len({report, wide, own}) == 3
    assert own == str(paths[-1])

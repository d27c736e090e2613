"""A busy service gets the basic report; and whatever is done to its worker, the job's end is the same."""

# ruff: noqa: RUF001 - full-width signs are what such tables are written with

import tempfile
from pathlib import Path
from typing import Any

import pytest

from tailrace_testing import After, Told, rehearse
from tests.worker.catalogue.books import CHINESE, workbook
from worker.catalogue import report_job

ROWS = [[f"2024-{n % 12 + 1:02}-{n % 27 + 1:02}", f"s{n % 3}", 100 + n * 7 % 31, n * n % 97] for n in range(300)]
TEXT = "\n".join(",".join(map(str, row)) for row in [["date", "shop", "sales", "price"], *ROWS])
FILES = {"a.csv": TEXT.encode(), "报表.xlsx": workbook(("表", CHINESE))}


PARAMS = {"file": "a.csv", "files": ["报表.xlsx"], "language": "zh"}


def told(**moments: Any) -> Told:
    """The basic report, whose stages are those of the whole one but for the charts."""
    return rehearse(report_job, PARAMS, files=FILES, load=3, **moments)


@pytest.fixture(scope="module")
def undisturbed() -> Told:
    return told()


@pytest.fixture(scope="module")
def drawn() -> Told:
    """The whole report, at the last level that still gives it."""
    return rehearse(report_job, PARAMS, files=FILES, load=2)


def same_end(one: Told, other: Told) -> bool:
    return (one.state, one.result, one.text()) == (other.state, other.result, other.text()) and dict(
        one.artifacts
    ) == dict(other.artifacts)


#: Moments of all stages, as shares of the events that an undisturbed run has.
SHARES = (0.05, 0.3, 0.5, 0.7, 0.95)


@pytest.mark.parametrize("share", SHARES)
def test_a_killed_worker_changes_nothing_of_the_end(undisturbed: Told, share: float) -> None:
    assert undisturbed.state == "succeeded"
    assert same_end(told(crash_at=int(len(undisturbed.events) * share)), undisturbed)


def test_a_worker_killed_while_it_draws_changes_nothing_either(drawn: Told) -> None:
    third = After("artifact.ready", 3)
    assert same_end(rehearse(report_job, PARAMS, files=FILES, crash_at=third), drawn)


def test_a_worker_that_has_to_go_hands_on_the_job(undisturbed: Told) -> None:
    assert same_end(told(release_at=len(undisturbed.events) // 2), undisturbed)


@pytest.mark.parametrize("share", SHARES)
def test_a_cancel_leaves_no_file(
    undisturbed: Told, share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    done = told(cancel_at=int(len(undisturbed.events) * share))
    assert done.state == "cancelled"
    assert list(tmp_path.iterdir()) == []


def test_a_busy_service_gets_the_basic_report_which_says_so(undisturbed: Told, drawn: Told) -> None:
    words = "因此这是基础版报告：较短，且不含图表。"
    assert undisturbed.result["basic"] is True
    assert "basic" not in drawn.result
    assert words in undisturbed.text()
    assert words in undisturbed.artifacts["report.html"].decode()
    assert words not in drawn.text()
    assert set(undisturbed.artifacts) == {"report.html", "report.md", "figures.json", "table-2-figures.json"}
    assert {"trend-1.svg", "table-2-ratios.svg"} <= set(drawn.artifacts)
    assert len(undisturbed.artifacts["report.html"]) < len(drawn.artifacts["report.html"])
    assert undisturbed.result["trends"] == drawn.result["trends"]

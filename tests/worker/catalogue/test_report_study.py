"""A busy service gets the basic report; and whatever is done to its worker, the job's end is the same."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tailrace_testing import Told, rehearse
from tests.worker.catalogue.books import CHINESE, workbook
from worker.catalogue import report_job

Upload = Callable[..., Path]
Runner = Callable[..., Any]
ROWS = [[f"2024-{n % 12 + 1:02}-{n % 27 + 1:02}", f"s{n % 3}", 100 + n * 7 % 31, n * n % 97] for n in range(300)]
TEXT = "\n".join(",".join(map(str, row)) for row in [["date", "shop", "sales", "price"], *ROWS])
FILES = {"a.csv": TEXT.encode(), "报表.xlsx": workbook(("表", CHINESE))}


def told(**moments: Any) -> Told:
    params = {"file": "a.csv", "files": ["报表.xlsx"], "language": "zh"}
    return rehearse(report_job, params, files=FILES, **moments)


@pytest.fixture(scope="module")
def undisturbed() -> Told:
    done = told()
    assert done.state == "succeeded"
    return done


#: Moments of all stages, as shares of the events that an undisturbed run has.
SHARES = (0.05, 0.3, 0.5, 0.7, 0.95)


@pytest.mark.parametrize("share", SHARES)
def test_a_killed_worker_changes_nothing_of_the_end(undisturbed: Told, share: float) -> None:
    done = told(crash_at=int(len(undisturbed.events) * share))
    assert done.state == "succeeded"
    assert done.result == undisturbed.result
    assert done.text() == undisturbed.text()
    assert dict(done.artifacts) == dict(undisturbed.artifacts)


def test_a_worker_that_has_to_go_hands_on_the_job(undisturbed: Told) -> None:
    done = told(release_at=len(undisturbed.events) // 2)
    assert (done.state, done.result) == ("succeeded", undisturbed.result)


@pytest.mark.parametrize("share", SHARES)
def test_a_cancel_leaves_no_file(
    undisturbed: Told, share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    done = told(cancel_at=int(len(undisturbed.events) * share))
    assert done.state == "cancelled"
    assert list(tmp_path.iterdir()) == []


def test_a_busy_service_gets_the_basic_report_which_says_so(run: Runner, upload: Upload) -> None:
    path = upload(TEXT, "a.csv")
    whole, basic = run(report_job, path), run(report_job, path, load=3)
    assert basic.result["basic"] is True
    assert "basic" not in whole.result
    assert "The service is busy, so this is the basic report: shorter, and without charts." in basic.text
    assert "so this is the basic report" in basic.artifact("report.html")
    assert set(basic.artifacts) == {"report.html", "report.md", "figures.json"}
    assert len(basic.text) < len(whole.text)
    assert len(basic.artifact("report.html")) < len(whole.artifact("report.html"))
    assert basic.result["trends"] == whole.result["trends"]
    assert "trend-1.svg" in run(report_job, path, load=2).artifacts

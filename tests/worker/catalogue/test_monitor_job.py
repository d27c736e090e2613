"""The watch as a job: its whole life, cancelled, killed and moved to another worker at any moment."""

import csv
import io
import json
import re
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from jobs.clock import from_rfc3339
from tailrace_testing import After, Clock, Told, rehearse
from worker.catalogue import monitor_job

ROOT = Path(__file__).parents[3]
#: The memory in use is always above nothing and below all: of these two rules one fires at once and for good.
WATCH: dict[str, Any] = {
    "targets": [{"kind": "memory"}, {"kind": "load"}],
    "rules": [
        {"kind": "threshold", "metric": "memory", "bound": 0, "for_seconds": 2},
        {"kind": "threshold", "metric": "memory", "bound": 101, "severity": "critical"},
    ],
    "interval_seconds": 0.1,
    "duration_seconds": 20,
}


def watch(params: dict[str, Any] = WATCH, **more: Any) -> Told:
    """A watch on a clock of its own: its seconds take a moment."""
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("sleep", "time", "monotonic"):
            patch.setattr(time, name, getattr(clock, name))
        return rehearse(monitor_job, params, clock=clock, **more)


@pytest.fixture(scope="module")
def whole() -> Told:
    """A watch that nothing disturbs."""
    return watch()


def alerts(told: Told) -> list[tuple[str, bool]]:
    return [(event.data["name"], event.data["firing"]) for event in told.of("alert")]


def began(told: Told) -> float:
    """Seconds since 1970."""
    return from_rfc3339(told.result["began"]) / 1000


def left_behind() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("monitor ")]


def test_a_watch_ends_with_its_time_and_tells_what_it_saw(whole: Told) -> None:
    told = whole
    assert told.state == "succeeded", told
    result = told.result
    assert (result["seconds"], result["samples"], result["missed"]) == (20, 200, 0)
    assert set(result["metrics"]) == {"memory", "load"}
    assert result["metrics"]["memory"]["samples"] == 200
    assert result["alerts"] == [
        {"name": "memory above 0", "fired": 1, "firing": True},
        {"name": "memory above 101", "fired": 0, "firing": False},
    ]
    assert alerts(told) == [("memory above 0", True)]
    assert json.loads(told.artifacts["summary.json"]) == result


def test_the_table_has_every_sample_in_its_spans(whole: Told) -> None:
    rows = list(csv.DictReader(io.StringIO(whole.artifacts["samples.csv"].decode())))
    memory = [row for row in rows if row["metric"] == "memory"]
    assert sum(int(row["samples"]) for row in memory) == 200
    assert all(float(row["least"]) <= float(row["mean"]) <= float(row["most"]) for row in memory)
    assert memory[0]["time"].startswith("2026-01-01T00:00:00")


def test_metrics_are_placed_by_the_clock() -> None:
    told = watch({**WATCH, "duration_seconds": 1})
    steps = [event.data["step"] for event in told.of("metric", name="memory")]
    assert steps == [round(began(told) + n / 10, 3) for n in range(1, 11)]


def test_what_is_told_grows_far_slower_than_what_is_sampled() -> None:
    told = watch({**WATCH, "duration_seconds": 80})
    assert told.result["samples"] == 800
    assert 600 <= len(told.of("metric", name="load")) <= 600 + 22


def test_less_is_told_while_the_service_has_cut_down() -> None:
    told = watch({**WATCH, "duration_seconds": 10}, load=2)
    assert told.result["samples"] == 100
    assert len(told.of("metric", name="load")) <= 12


@pytest.mark.parametrize("moment", [4, 40, After("metric", 150), After("alert"), After("metric", 390)])
def test_a_cancel_ends_it_at_any_moment_and_leaves_what_it_saw(moment: Any) -> None:
    told = watch({**WATCH, "duration_seconds": None}, cancel_at=moment)
    assert told.state == "cancelled"
    assert set(told.artifacts) == {"samples.csv", "summary.json"}
    assert json.loads(told.artifacts["summary.json"])["samples"] > 0
    assert left_behind() == []


@pytest.mark.parametrize("moment", [2, 40, After("metric", 150), After("alert"), After("metric", 390)])
def test_a_worker_that_dies_costs_a_few_samples_and_no_alert(whole: Told, moment: Any) -> None:
    told = watch(crash_at=moment)
    assert told.state == "succeeded"
    assert told.attempt == 2
    assert told.result["seconds"] == 20
    assert told.result["samples"] + told.result["missed"] == 200
    assert told.result["missed"] <= 70
    assert told.result["alerts"] == whole.result["alerts"]
    assert told.result["metrics"].keys() == whole.result["metrics"].keys()
    assert [alert["name"] for alert in told.job["alerts"] if alert["firing"]] == ["memory above 0"]


def test_a_deploy_costs_no_sample() -> None:
    told = watch(release_at=[After("metric", 150), After("metric", 150)])
    assert told.state == "succeeded"
    assert told.attempt == 1
    assert told.result["samples"] + told.result["missed"] == 200
    assert told.result["missed"] <= 2
    assert alerts(told) == [("memory above 0", True)] * 3


def test_a_series_goes_on_where_it_was_after_a_crash() -> None:
    told = watch(crash_at=After("metric", 300))
    steps = [step for step, _ in told.job["metrics"]["memory"]["series"]]
    assert steps == sorted(steps)
    assert steps[0] < began(told) + 1
    assert steps[-1] > began(told) + 18


def test_a_process_that_ends_fires_its_alert_once() -> None:
    rule = {"kind": "threshold", "metric": "process.alive", "direction": "below", "bound": 1, "name": "gone"}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        params = {"targets": [{"kind": "process", "pid": child.pid}], "rules": [rule], "interval_seconds": 0.1}

        looks = count(1)

        def ended(event: Any) -> bool:
            look = next(looks) if event.fits("metric", {"name": "process.alive"}) else 0
            if look == 10:
                child.communicate(b"\n")
            return look == 30

        told = watch(params, cancel_at=ended)
    assert alerts(told) == [("gone", True)]
    assert json.loads(told.artifacts["summary.json"])["alerts"] == [{"name": "gone", "fired": 1, "firing": True}]


BURNING = "import time\ninput()\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\ninput()"


def test_a_load_on_the_processor_fires_once_and_resolves_once() -> None:
    rule = {"kind": "threshold", "metric": "process.cpu", "bound": 5, "band": 4, "clear_seconds": 0.5}
    with subprocess.Popen([sys.executable, "-c", BURNING], stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        begin, params = iter([child.stdin]), {"targets": [{"kind": "process", "pid": child.pid}], "rules": [rule]}

        def over(event: Any) -> bool:
            if event.fits("metric", {"name": "process.alive"}) and (pipe := next(begin, None)):
                pipe.write(b"\n")
                pipe.flush()
            return bool(event.fits("alert", {"firing": False}))

        told = rehearse(monitor_job, {**params, "interval_seconds": 0.1, "duration_seconds": 60}, cancel_at=over)
        child.communicate(b"\n")
    assert [firing for _, firing in alerts(told)] == [True, False]


def test_a_probe_that_fails_is_an_alert_and_not_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TAILRACE_SQL_SHOP", f"sqlite:///{tmp_path}/none.db")
    shop = {"kind": "sql", "name": "revenue", "database": "shop", "query": "SELECT 1", "every_seconds": 0.5}
    params = {"targets": [{"kind": "cpu"}, shop], "interval_seconds": 0.1}
    told = rehearse(monitor_job, params, cancel_at=After("alert"))
    (down,) = told.of("alert")
    assert (down.data["name"], down.data["severity"]) == ("revenue down", "critical")
    assert down.data["message"] == "revenue: no connection to the database shop"
    assert json.loads(told.artifacts["summary.json"])["failures"] == {"revenue": 2}
    assert left_behind() == []


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"targets": [{"kind": "cpu"}, {"kind": "cpu"}]}, "Two targets are called cpu"),
        ({"targets": []}, "at least 1 item"),
        ({"targets": [{"kind": "disk", "name": f"d{n}"} for n in range(18)]}, "54 metrics; 50 is the most"),
        ({"rules": [{"kind": "threshold", "metric": "cpus", "bound": 1}]}, "No target gives the metric cpus"),
        ({"rules": [{"kind": "threshold", "metric": "cpu", "bound": 1}] * 2}, "Two alerts are called cpu above 1"),
        ({"rules": [{"kind": "unusual", "metric": "cpu", "band": 5}]}, "narrower than the bound"),
        ({"interval_seconds": 0.01}, "greater than or equal to 0.1"),
        ({"interval_seconds": 5, "duration_seconds": 1}, "shorter than the interval"),
        ({"targets": [{"kind": "sql", "name": "x", "database": "postgres://u:p@h", "query": "SELECT 1"}]}, "pattern"),
    ],
)
def test_params_that_make_no_sense_are_refused_in_words(params: dict[str, Any], sentence: str) -> None:
    told = rehearse(monitor_job, params)
    assert told.error.code == "invalid"
    assert sentence in json.dumps(told.error.detail)


# The page on it --------------------------------------------------------------------------------------------------


def first_cells(page: str, head: str) -> list[str]:
    table = page[page.index(f"| {head} |") :].split("\n\n", maxsplit=1)[0]
    return [name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_the_page_on_it_says_what_its_code_does() -> None:
    page = (ROOT / "docs" / "jobs" / "monitor.md").read_text("utf-8")
    code = "".join(path.read_text("utf-8") for path in (ROOT / "worker" / "catalogue" / "monitor").glob("*.py"))
    assert first_cells(page, "param") == list(monitor_job.params.model_fields)
    assert first_cells(page, "target") == re.findall(r'^    kind: Literal\["(\w+)"\]', targets_code(), re.MULTILINE)
    assert set(first_cells(page, "code")) == {*re.findall(r'JobFailed\(\s*"(\w+)"', code), "forbidden_url"}


def targets_code() -> str:
    return (ROOT / "worker" / "catalogue" / "monitor" / "targets.py").read_text("utf-8")

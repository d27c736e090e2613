"""The report as a job: it shows itself at once, tells how far it is, can be cancelled and keeps within its bounds."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs import events as ev
from worker.catalogue import report_job
from worker.collect import collect
from worker.outcomes import JobFailed

Upload = Callable[..., Path]
Runner = Callable[..., Any]
ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "examples" / "data" / "nyc-airports-2013.csv"
STEPS = ["read", "profile", "trends", "anomalies", "charts", "write"]
HEAVY = "polars fastexcel numpy scipy sklearn skops matplotlib jinja2 charset_normalizer"


def python(*args: str) -> str:
    done = subprocess.run([sys.executable, *args], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def script(name: str, *args: str) -> str:
    return python(str(Path(__file__).with_name("scripts") / name), *args)


def test_the_default_catalogue_carries_what_it_says() -> None:
    types = {"agent", "files", "generate", "hello", "monitor", "report", "ticks", "train"}
    assert set(collect(["worker.catalogue"])) == types


def test_a_worker_can_import_the_catalogue_without_loading_what_a_fork_must_not_share() -> None:
    assert (
        python("-c", f"import worker.catalogue, sys; print([m for m in '{HEAVY}'.split() if m in sys.modules])")
        == "[]\n"
    )


def test_the_steps_come_in_their_declared_order_and_each_tells_its_end(sample: Any) -> None:
    done = sample
    assert [step.name for step in report_job.steps] == STEPS
    assert [event.name for event in done.of(ev.StepStarted)] == STEPS
    assert [event.name for event in done.of(ev.StepSucceeded)] == STEPS
    assert all(event.summary for event in done.of(ev.StepSucceeded))
    for name in STEPS:
        fractions = [event.fraction or 0 for event in done.of(ev.StepProgressed) if event.name == name]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1


def test_without_dates_the_trends_are_skipped_with_the_reason(run: Runner, upload: Upload) -> None:
    done = run(report_job, upload("name,amount\n" + "".join(f"n{n},{n * n % 91}\n" for n in range(40))))
    assert [(event.name, event.reason) for event in done.of(ev.StepSkipped)] == [
        ("trends", "The table has no column of dates.")
    ]
    assert done.result["trends"] == []


def test_every_chart_is_there_before_the_next_is_drawn(sample: Any) -> None:
    done = sample
    order = [event for event in done.events if isinstance(event, ev.ArtifactReady | ev.StepProgressed)]
    charts = [n for n, event in enumerate(order) if isinstance(event, ev.ArtifactReady) and event.name.endswith(".svg")]
    assert all(isinstance(order[n + 1], ev.StepProgressed) for n in charts)


@pytest.mark.parametrize("place", [2, 3, 5, 11, 42, 102])
def test_a_cancel_ends_it_wherever_it_is(cancelled: Callable[..., Any], place: int) -> None:
    told = cancelled(SAMPLE, place)
    assert told.state == "cancelled"
    assert len(told.events) <= place + 8


def test_the_reader_can_say_what_to_lead_with(run: Runner, upload: Upload) -> None:
    text = "born,sold,price\n" + "".join(
        f"19{n % 60 + 10}-03-01,2023-{n % 12 + 1:02}-01,{n * 37 % 89}\n" for n in range(240)
    )
    done = run(report_job, upload(text), date_column="Sold", value_column="price", title="Sales", max_anomalies=1)
    assert done.result["title"] == "Sales"
    assert done.result["period"]["column"] == "sold"
    assert done.result["trends"][0]["measure"] == "price"


@pytest.mark.parametrize("params", [{"date_column": "nowhere"}, {"value_column": "born"}])
def test_a_column_that_cannot_be_used_as_asked_fails_clearly(
    run: Runner, upload: Upload, params: dict[str, str]
) -> None:
    text = "born,price\n" + "".join(f"2023-{n % 12 + 1:02}-01,{n * 37 % 89}\n" for n in range(40))
    with pytest.raises(JobFailed) as failed:
        run(report_job, upload(text), **params)
    assert failed.value.code == "no_such_column"


def test_dates_can_stand_in_columns_of_their_own(run: Runner, upload: Upload) -> None:
    text = "year,month,sales\n" + "".join(f"{2020 + n // 12},{n % 12 + 1},{1000 + n * 10 + n % 3}\n" for n in range(36))
    done = run(report_job, upload(text))
    assert done.result["period"] == {
        "column": "year + month",
        "first": "Jan 2020",
        "last": "Dec 2022",
        "every": "month",
    }
    assert done.result["trends"][0]["direction"] == "rising"


def test_thirty_megabytes_begin_at_once_and_stay_under_a_gibibyte(tmp_path: Path) -> None:
    file = tmp_path / "flights.csv"
    script("flights.py", str(file))
    assert file.stat().st_size > 28_000_000
    _first, loaded, _seconds, kilobytes, rows, columns = script("measured.py", str(file), HEAVY).split()
    assert (rows, columns) == ("336776", "19")
    assert loaded == "0", "the first progress comes before anything heavy is loaded"
    assert int(kilobytes) < 1024 * 1024

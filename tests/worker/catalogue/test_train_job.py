"""A training as a job: it can be killed, sent away and cancelled at any moment, and what it hands over is honest."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from tailrace_testing import After, Told, rehearse
from worker.catalogue import train_job

ESTIMATORS = ["linear", "logistic", "mlp", "boosting", "forest"]
BRIEF = {"dataset": "iris", "epochs": 6, "patience": 0, "learning_rate": 0.05}
#: The service is busy: one chart, or none, which is the quickest.
BUSY, VERY_BUSY = 3, 4


def customers(rows: int = 300) -> str:
    """A table as people have them: who left, by what was known of them."""
    lines = ["customer_id,joined,plan,age,spent,always,remark,left"]
    for n in range(rows):
        age, plan = 18 + n * 37 % 60, ("basic", "plus", "")[n % 3]
        spent = "" if n % 11 == 0 else f"${n * 53 % 400}.50"
        left = "yes" if (age > 45) != (plan == "plus") else "no"
        lines.append(f"C{n:05},2023-{n % 12 + 1:02}-01,{plan},{age},{spent},same,{remark(n)},{left}")
    return "\n".join(lines) + "\n"


def remark(n: int) -> str:
    return f"called about the bill number {n * 7919} and was told that it had been sent on day {n}"


@pytest.fixture
def every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every epoch is kept, however little time it took."""
    from worker.catalogue.train import keeper

    monkeypatch.setattr(keeper, "KEEP_SECONDS", 0)
    monkeypatch.setattr(keeper, "_SHARE", 0)


@pytest.fixture(scope="module")
def left() -> Told:
    """A model of who left, made once."""
    params = {"file": "customers.csv", "epochs": 4, "estimator": "boosting"}
    return rehearse(train_job, params, files={"customers.csv": customers().encode()}, reraise=True)


def epochs_told(told: Told) -> list[float]:
    return [event.data["step"] for event in told.of("metric", name="loss/validation")]


def curves(told: Told) -> dict[str, Any]:
    return {name: metric["series"] for name, metric in told.job["metrics"].items()}


def history(told: Told) -> Any:
    return json.loads(told.artifacts["figures.json"])["history"]


# It goes on ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("every_epoch")
@pytest.mark.parametrize(("estimator", "times"), [(each, 5 if each == "boosting" else 2) for each in ESTIMATORS])
def test_killed_time_and_again_it_comes_to_the_same_and_learns_no_epoch_twice(estimator: str, times: int) -> None:
    params = {**BRIEF, "estimator": estimator}
    moments = [
        After("metric", name="loss/train", step=2),
        After("metric", name="accuracy/validation", step=4),
        "train",
        "evaluate",
        After("artifact.ready"),
    ]
    whole = rehearse(train_job, params, load=VERY_BUSY, reraise=True)
    killed = rehearse(train_job, params, load=VERY_BUSY, crash_at=moments[:times], max_attempts=6)
    assert (whole.state, killed.state, killed.attempt) == ("succeeded", "succeeded", times + 1)
    assert killed.result == whole.result
    assert history(killed) == history(whole)
    assert curves(killed) == curves(whole)
    assert epochs_told(killed) == [1, 2, 3, 4, 4, 5, 6], "only what was being told as it died is learnt again"


@pytest.mark.usefixtures("every_epoch")
def test_a_deploy_costs_a_training_nothing() -> None:
    params = {**BRIEF, "estimator": "mlp"}
    moved = rehearse(train_job, params, load=VERY_BUSY, release_at=[After("metric", 9), After("metric", 9)])
    assert moved.attempt == 1
    assert moved.result == rehearse(train_job, params, load=VERY_BUSY).result


@pytest.mark.usefixtures("every_epoch")
def test_a_model_that_outgrows_what_can_be_kept_is_learnt_again_and_comes_to_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from worker.catalogue.train import keeper

    params = {**BRIEF, "estimator": "linear"}
    whole = rehearse(train_job, params, load=VERY_BUSY)
    monkeypatch.setattr(keeper, "MAX_KEPT_BYTES", 1000)
    killed = rehearse(train_job, params, load=VERY_BUSY, crash_at=After("metric", 14))
    assert killed.result == whole.result
    assert sum("too much to be kept" in line for line in killed.logs) == 1 + killed.attempt - 1


# It can be stopped --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["load", "prepare", "train"])
def test_cancelled_before_its_first_epoch_is_over_it_leaves_nothing(moment: Any) -> None:
    told = rehearse(train_job, {**BRIEF, "estimator": "linear"}, cancel_at=moment)
    assert told.state == "cancelled"
    assert not told.artifacts


@pytest.mark.parametrize(
    "moment", [After("metric"), After("metric", 22), "evaluate", "export", After("artifact.ready")], ids=str
)
def test_cancelled_later_it_hands_over_the_best_model_so_far(moment: Any) -> None:
    told = rehearse(train_job, {**BRIEF, "estimator": "linear"}, cancel_at=moment)
    assert told.state == "cancelled"
    assert set(told.artifacts) == {"model.skops", "report.html", "figures.json"}
    assert any("is kept" in line for line in told.logs)
    assert told.of("artifact.ready", name="model.skops")[1:] == []


# What it says and leaves --------------------------------------------------------------------------------------------


def test_every_epoch_is_told_as_four_metrics_whose_step_it_is(left: Told) -> None:
    names = ["loss/train", "loss/validation", "accuracy/train", "accuracy/validation"]
    told = [(event.data["name"], event.data["step"]) for event in left.of("metric")]
    assert told == [(name, step) for step in (1, 2, 3, 4) for name in names]


def test_what_is_not_learnt_from_is_told_with_its_reason(left: Told) -> None:
    assert left.result["features"] == ["plan", "age", "spent"]
    assert set(left.result["dropped"]) == {"customer_id", "joined", "always", "remark"}
    assert "joined (dates)" in left.text()
    assert "always (the same in every row to learn from)" in left.text()


def test_the_score_stands_beside_that_of_one_who_learnt_nothing(left: Told) -> None:
    result = left.result
    assert result["task"] == "classification"
    assert result["baseline"]["says"] in ("always yes", "always no")
    assert result["better_than_baseline"] is True
    assert result["scores"]["accuracy"] > 0.9 > result["baseline"]["accuracy"]
    assert result["baseline"]["says"] in left.text()


def test_the_model_is_data_and_takes_the_table_as_it_was(left: Told) -> None:
    import skops.io

    packed = left.artifacts["model.skops"]
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {name.rpartition(".")[2] for name in archive.namelist()} == {"json", "npy"}
    strange = skops.io.get_untrusted_types(data=packed)
    assert {name.rpartition(".")[2] for name in strange} == {"TreePredictor", "dtype"}
    model = skops.io.loads(packed, trusted=strange)
    table = pl.read_csv(io.StringIO(customers()), null_values="").with_columns(
        pl.col("spent").str.strip_prefix("$").cast(pl.Float64)
    )
    assert (model.predict(table) == table["left"].to_numpy()).mean() > 0.9


def test_the_report_is_one_page_without_scripts_and_its_charts_are_files_too(left: Told) -> None:
    page = left.artifacts["report.html"].decode()
    assert "<script" not in page
    assert "left, predicted from customers.csv" in page
    for name in ("curves.svg", "confusion.svg"):
        ET.fromstring(left.artifacts[name])  # noqa: S314 - drawn by the job
        assert f'id="{name.removesuffix(".svg")}-title"' in page


def test_a_busy_service_is_spared_the_second_chart_and_the_log_says_so() -> None:
    told = rehearse(train_job, {**BRIEF, "epochs": 1}, load=BUSY)
    assert set(told.artifacts) == {"model.skops", "curves.svg", "report.html", "figures.json"}
    assert any("chart of the test was left out" in line for line in told.logs)


@pytest.mark.parametrize("estimator", ["linear", "mlp", "boosting", "forest"])
def test_a_quantity_is_said_on_its_own_scale(estimator: str) -> None:
    import skops.io
    from sklearn.datasets import load_diabetes

    params = {"dataset": "diabetes", "estimator": estimator, "epochs": 12, "learning_rate": 0.02}
    told = rehearse(train_job, params, load=VERY_BUSY, reraise=True)
    assert told.result["task"] == "regression"
    assert told.result["better_than_baseline"] is True
    packed = told.artifacts["model.skops"]
    model = skops.io.loads(packed, trusted=skops.io.get_untrusted_types(data=packed))
    data = load_diabetes()
    said = model.predict(pl.DataFrame(data.data, schema=data.feature_names))
    assert abs(said.mean() - data.target.mean()) < 15


def test_it_stops_when_nothing_has_become_better_for_as_long_as_was_granted() -> None:
    told = rehearse(
        train_job, {"dataset": "iris", "estimator": "boosting", "epochs": 200, "patience": 3}, load=VERY_BUSY
    )
    result = told.result
    assert result["ended_by"] == "patience"
    assert result["epochs"] == result["best_epoch"] + 3 < 200


# Odd input ----------------------------------------------------------------------------------------------------------


def table(columns: dict[str, Callable[[int], Any]], rows: int = 60) -> bytes:
    lines = [",".join(columns), *(",".join(str(make(n)) for make in columns.values()) for n in range(rows))]
    return ("\n".join(lines) + "\n").encode()


def wave(n: int) -> float:
    return n * 37 % 41 / 4


def pair(n: int) -> str:
    return "ab"[n * 7 % 5 > 2]


ODD: list[tuple[str, bytes, dict[str, Any], str]] = [
    ("no such target", table({"x": wave, "y": pair}), {"target": "z"}, "no_such_column"),
    ("a target without values", table({"x": wave, "z": pair, "y": lambda _: ""}), {"target": "y"}, "no_target"),
    ("one value", table({"x": wave, "y": lambda _: "a"}), {}, "constant_target"),
    ("one class with enough rows", table({"x": wave, "y": lambda n: "b" if n == 3 else "a"}), {}, "constant_target"),
    ("dates", table({"x": wave, "y": lambda n: f"2024-01-{n % 28 + 1:02}"}), {}, "target_unsuitable"),
    ("words as a quantity", table({"x": wave, "y": pair}), {"task": "regression"}, "target_unsuitable"),
    ("too many classes", table({"x": wave, "y": lambda n: f"w{n}"}, 240), {}, "too_many_classes"),
    ("few rows", table({"x": wave, "y": pair}, 19), {}, "too_few_rows"),
    ("nothing else", table({"x": lambda _: "", "z": lambda _: "", "y": pair}), {}, "no_inputs"),
    ("a line through classes", table({"x": wave, "y": wave}), {"estimator": "logistic"}, "estimator_unsuitable"),
]


@pytest.mark.parametrize(("data", "params", "code"), [row[1:] for row in ODD], ids=[row[0] for row in ODD])
def test_what_cannot_be_learnt_fails_with_its_reason(data: bytes, params: dict[str, Any], code: str) -> None:
    told = rehearse(train_job, {"file": "t.csv", "epochs": 2, **params}, files={"t.csv": data})
    assert told.state == "failed"
    assert told.error is not None
    assert told.error.code == code
    assert told.attempt == 1


def test_of_many_rows_a_sample_is_drawn_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from worker.catalogue.train import material

    monkeypatch.setattr(material, "MAX_ROWS", 100)
    told = rehearse(train_job, {"file": "t.csv", "epochs": 2}, files={"t.csv": customers().encode()}, load=VERY_BUSY)
    assert sum(told.result["rows"].values()) == 100
    assert "Of 300 rows 100 were drawn by lot" in told.text()


def test_weights_that_run_away_end_the_training_with_advice_or_with_the_best_before() -> None:
    params = {"file": "t.csv", "estimator": "linear", "learning_rate": 1, "epochs": 30}
    data = table({"x": lambda n: n * 31 % 53, "z": lambda n: n * 17 % 59, "y": lambda n: n * 1.5 + n % 7})
    told = rehearse(train_job, params, files={"t.csv": data}, load=VERY_BUSY)
    if told.state == "failed":
        assert told.error is not None
        assert told.error.code == "diverged"
    else:
        assert told.result["best_epoch"] >= 1

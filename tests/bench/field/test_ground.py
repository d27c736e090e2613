"""The ground: what one program in C publishes the servers carry to it, and whoever is compared is made ready."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.field import product, servers
from bench.field.figures import LIMIT, OURS
from bench.field.ground import Field, Subject, Target, lines
from bench.field.native import LACKING, compiler, program
from bench.field.servers import BARE, COALESCED
from tests.service import UNIT

pytestmark = [pytest.mark.acceptance, pytest.mark.skipif(compiler() is None, reason=LACKING)]

CROWD = {"channels": 2, "readers": 10, "seconds": 0.5, "warm": 0.2}


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    subjects = [BARE, servers.BARE_COALESCING, product.TAILRACE]
    made = Field(subjects, folder=tmp_path_factory.mktemp("bench"))
    yield made
    made.stop()


@pytest.mark.parametrize(("name", "pub"), [(LIMIT, "redis"), (COALESCED, "redis"), (OURS, "append"), (OURS, "live")])
def test_every_event_that_is_published_reaches_every_reader(field: Field, name: str, pub: str) -> None:
    with field.running(name, 2) as target:
        found = target.rate(1000, pub=pub, **CROWD)
        again = target.rate(1000, pub=pub, **CROWD)

    for each in (found, again):
        assert (each["delivered"], each["lost"], each["dropped"], each["faults"]) == (1000, 0, 0, 0)
        assert 0 < each["p50"] <= each["p99"] <= each["most"] * 1.02
        assert each["server_us"] > 0
        assert each["generator_us"] > 0


def test_streams_that_hear_nothing_are_counted_with_their_memory(field: Field) -> None:
    with field.running(OURS, 20) as target:
        opened, rest = target.load("idle", channels=20, readers=20, hold=0.5, pub="none")

    assert (opened["open"], opened["refused"], rest["idle"]) == (20, 0, 20)
    assert opened["rss"] > 0


def test_a_server_that_refuses_is_a_failure_that_says_so(field: Field) -> None:
    with field.running(OURS, 1) as target, pytest.raises(SystemExit, match="401"):
        target.load("idle", channels=1, readers=1, header="", pub="none", patience=1)


@pytest.mark.parametrize(("bears", "best"), [(50_000, 48_000), (7_000, 6_000), (0, 0), (130_000, 128_000)])
def test_a_search_whose_steps_stand_alone_finds_what_is_borne(
    field: Field, monkeypatch: pytest.MonkeyPatch, bears: float, best: float
) -> None:
    asked: list[float] = []

    def rate(_target: Target, rate: float, **_options: object) -> dict[str, float]:
        asked.append(rate)
        return {"step": rate, "passed": rate <= bears, "waited": 0.0}

    monkeypatch.setattr(Target, "rate", rate)
    target = Target(field, OURS, [], {})
    assert target.search_apart(32_000, bisect=2)["best"] == pytest.approx(best, rel=0.2)
    assert len(asked) <= 20


def test_a_step_in_which_another_had_the_core_says_nothing(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [(0, 0.5), (0, 0.3), (1, 0.0), (0, 0.0), (0, 0.0)]

    def rate(_target: Target, rate: float, **_options: object) -> dict[str, float]:
        passed, waited = steps.pop(0)
        return {"step": rate, "passed": passed, "waited": waited}

    monkeypatch.setattr(Target, "rate", rate)
    assert Target(field, OURS, [], {}).search_apart(1000)["best"] == 1000
    assert steps == []


def test_an_option_that_is_none_is_told(tmp_path: Path) -> None:
    done = subprocess.run([program("load", tmp_path), "rats=1"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert "rats" in done.stderr


def test_what_the_generator_says_is_an_object_a_line() -> None:
    assert lines('{"open":1}\n{"step":10,"p50":0.25}\n') == [{"open": 1}, {"step": 10, "p50": 0.25}]


@contextmanager
def never(_field: Field, _channels: int) -> Iterator[Target]:
    raise AssertionError
    yield


def test_all_are_made_ready_at_the_same_time(tmp_path: Path) -> None:
    meeting = threading.Barrier(2, timeout=20 * UNIT)

    def lacks(_field: Field) -> str | None:
        meeting.wait()
        return None

    field = Field([Subject(name, never, lacks) for name in ("one", "other")], folder=tmp_path)

    field.prepare(["one", "other"])

    assert field.having(["other", "one"]) == ["other", "one"]


def test_whoever_cannot_be_had_is_left_out_and_said_to_be_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def lacks(_field: Field) -> str | None:
        asked.append("asked")
        return "it is not for sale"

    field = Field([Subject("it", never, lacks)], folder=tmp_path)

    assert field.having(["it"]) == field.having(["it"]) == []
    assert asked == ["asked"]
    assert capsys.readouterr().out == "it is left out: it is not for sale\n"

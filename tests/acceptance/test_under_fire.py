"""The measurements of bench/ in small, with their oracle: what each reader was told, held against the log."""

from collections.abc import Iterator

import pytest

from bench import bad_wire, havoc, overload, slow_readers, storm
from bench.crowd import Crowd
from bench.stage import Stage, crowd_of, stage
from tests.service import UNIT

pytestmark = [pytest.mark.acceptance, pytest.mark.crowd]


@pytest.fixture(scope="module")
def calm_stage() -> Iterator[Stage]:
    """For crowds that break nothing."""
    with stage() as made:
        yield made


@pytest.fixture
def crowd(calm_stage: Stage) -> Iterator[Crowd]:
    with crowd_of(calm_stage) as made:
        yield made


def test_readers_that_never_read_cost_little_and_end_with_the_right_last_events(
    calm_stage: Stage, crowd: Crowd
) -> None:
    figures = slow_readers.measure(calm_stage, crowd, readers=200, rate=40, seconds=4, text="words " * 1500)
    assert figures.faults == []
    assert crowd.over()
    assert figures["merged"] > 0, "nobody was slow: nothing was measured"
    assert figures["highest_uss"] - figures["alone_uss"] < 20
    assert figures["p50"] < 100 * UNIT


def test_a_storm_on_one_job_costs_a_handful_of_reads(calm_stage: Stage, crowd: Crowd) -> None:
    blown = storm.Storm(calm_stage, crowd)
    blown.run(readers=500, rate=20)
    assert blown.faults == []
    #: All that a second brings anyway, and one look for each tenth of a second of the storm.
    for name in ("hget", "hmget", "xrange", "evalsha"):
        assert blown.calls.get(name, 0) - blown.usual.get(name, 0) * blown.seconds < 100, blown.calls


def test_too_much_ends_no_stream_in_silence_and_is_over_soon_after(calm_stage: Stage, crowd: Crowd) -> None:
    with overload.beside(calm_stage, 10) as (torrent, knocks):
        load = overload.Overload(calm_stage, crowd, torrent, knocks)
        load.run(readers=600, seconds=5, rate=400)
    assert load.faults == []
    assert crowd.over()
    assert load.back is not None
    assert load.back < 10 * UNIT
    assert {knock.code for knock in knocks.heard} <= {200, 202}


def test_kills_and_restarts_cost_no_reader_an_event_and_leave_nothing_behind() -> None:
    with stage(web=havoc.WEB, worker=1, slots=20, **havoc.ENV) as made, crowd_of(made) as crowd:
        faults = havoc.Faults(made, between=1.0)
        caused = havoc.Havoc(made, crowd)
        caused.run(faults, readers=200, jobs=20, seconds=12)
    assert caused.faults == []
    assert crowd.over()
    assert caused.left_over == []
    #: Those of the process that was killed at the least; a slow machine's jobs may end before the others are replaced.
    assert sum(reader.connection > 1 for reader in crowd.readers[-200:]) > 50, "nobody was cut: nothing was measured"


def test_a_bad_wire_to_redis_costs_no_reader_an_event() -> None:
    with stage(wired=True, slots=10) as made, crowd_of(made) as crowd:
        bad = bad_wire.BadWire(made, crowd)
        faults = [("delay", 0.2, 1.0), ("garbage", 0.0, 1.0)]
        bad.run(readers=100, jobs=10, faults=faults, whole=2.0)
    assert bad.faults == []
    assert crowd.over()
    assert bad.left_over == []

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.relay.replay import Gap, gap
from jobs.eventlog import Cursor, Page

EPOCH = "k3f9ab"


def page(oldest: int, last: int, epoch: str = EPOCH) -> Page:
    return Page([], Cursor(epoch, last), oldest, b"")


@pytest.mark.parametrize(
    ("cursor", "oldest", "last"),
    [(0, 1, 10), (5, 1, 10), (10, 1, 10), (99, 100, 200), (200, 100, 200), (0, 1, 1)],
)
def test_from_a_cursor_within_the_log_there_is_no_gap(cursor: int, oldest: int, last: int) -> None:
    assert gap(Cursor(EPOCH, cursor), page(oldest, last)) is None


def test_a_cursor_older_than_what_is_kept_misses_what_lies_between() -> None:
    assert gap(Cursor(EPOCH, 0), page(100, 200)) == Gap(1, 99, "retention")
    assert gap(Cursor(EPOCH, 98), page(100, 200)) == Gap(99, 99, "retention")


def test_a_cursor_past_the_end_knows_what_the_log_does_not() -> None:
    assert gap(Cursor(EPOCH, 12), page(1, 10)) == Gap(11, 12, "ahead")


@pytest.mark.parametrize(("seq", "last", "first"), [(5, 10, 6), (10, 10, 10), (17, 12, 12), (0, 1, 1)])
def test_a_cursor_of_another_epoch_is_no_place_in_this_log(seq: int, last: int, first: int) -> None:
    assert gap(Cursor("0other", seq), page(1, last)) == Gap(first, last, "epoch")


def test_what_is_no_cursor_at_all_is_a_gap_over_everything() -> None:
    assert gap(None, page(5, 10)) == Gap(0, 10, "malformed")


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 50), st.integers(1, 50), st.integers(1, 50), st.sampled_from([EPOCH, "0other"]))
def test_a_gap_has_a_begin_before_its_end_and_none_hides_a_missing_event(
    at: int, oldest: int, more: int, epoch: str
) -> None:
    last = oldest + more - 1
    found = gap(Cursor(epoch, at), page(oldest, last))

    if found is None:
        assert epoch == EPOCH
        assert at == last or oldest - 1 <= at < last
    else:
        assert found.first <= found.last

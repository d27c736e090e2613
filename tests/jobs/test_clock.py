import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.clock import from_rfc3339, now_ms, rfc3339


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 253_402_300_799_999))
def test_a_time_is_read_back_to_the_millisecond_until_the_year_9999(ms: int) -> None:
    text = rfc3339(ms)

    assert from_rfc3339(text) == ms
    assert len(text) == len("2023-11-14T22:13:20.123Z")
    assert text.endswith("Z")


def test_times_order_as_their_texts_do() -> None:
    assert rfc3339(1_700_000_000_123) == "2023-11-14T22:13:20.123Z"
    assert rfc3339(999) < rfc3339(1000) < rfc3339(1_700_000_000_000)


def test_other_offsets_are_understood() -> None:
    assert from_rfc3339("2023-11-15T00:13:20.123+02:00") == 1_700_000_000_123


def test_now_is_now() -> None:
    assert now_ms() == pytest.approx(time.time() * 1000, abs=2000)

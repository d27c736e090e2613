"""What readers are told alike is encoded once, and what is kept of it is bounded."""

import pytest

from app.relay.lens import Lens
from app.relay.stretches import KEPT_BYTES, Key, Stretch, Stretches
from jobs.eventlog import Cursor


def key(seq: int, lens: Lens | None = None) -> Key:
    return Key("a" * 26, lens or Lens(), Cursor("epoch", seq), Cursor("epoch", seq + 1))


def stretch(size: int) -> Stretch:
    return Stretch(b"x" * size, Cursor("epoch", 2))


def test_those_at_one_place_get_what_was_made_for_the_first() -> None:
    shared, made = Stretches(), stretch(10)
    assert shared.get(key(1), lambda: made) is made
    assert shared.get(key(1), lambda: stretch(11)) is made


def test_another_place_or_another_lens_gets_its_own() -> None:
    shared = Stretches()
    shared.get(key(1), lambda: stretch(10))
    assert len(shared.get(key(2), lambda: stretch(11)).data) == 11
    assert len(shared.get(key(1, Lens(types=("item",))), lambda: stretch(12)).data) == 12


def test_no_more_is_kept_than_may_be() -> None:
    shared = Stretches()
    for seq in range(40):
        shared.get(key(seq), lambda: stretch(KEPT_BYTES // 16))
        assert shared.size <= KEPT_BYTES
    assert 0 < len(shared) <= 16


def test_what_nobody_comes_for_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    shared, now = Stretches(), [0.0]
    monkeypatch.setattr("app.relay.stretches.monotonic", lambda: now[0])
    shared.get(key(1), lambda: stretch(10))
    shared.get(key(2), lambda: stretch(10))
    now[0] = 1.5
    shared.get(key(2), lambda: stretch(11))
    now[0] = 3.0
    shared.forget()
    assert (len(shared), shared.size) == (1, 10)
    now[0] = 6.0
    shared.forget()
    assert (len(shared), shared.size) == (0, 0)

"""Rows are dealt out once, by lot, and every class has its share."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.catalogue.train.split import sample, split

SHARES = st.floats(0.05, 0.4)
SEEDS = st.integers(0, 2**31 - 1)
#: Rows of each class.
CLASSES = st.lists(st.integers(3, 60), min_size=2, max_size=8)
MOST = (5_000, 20_000)


@settings(max_examples=25)
@given(CLASSES, SHARES, SEEDS)
def test_every_row_is_in_one_part_and_every_class_in_all_three(counts: list[int], share: float, seed: int) -> None:
    values = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    parts = split(values, by_class=True, share=share, seed=seed, most=MOST)
    dealt = [parts.train, parts.validation, parts.test]
    assert sorted(np.concatenate(dealt)) == list(range(len(values)))
    assert all(set(values[part]) == set(range(len(counts))) for part in dealt)


@settings(max_examples=25)
@given(st.integers(20, 500), SHARES, SEEDS)
def test_quantities_are_dealt_out_by_share(rows: int, share: float, seed: int) -> None:
    values = np.linspace(0, 1, rows)
    parts = split(values, by_class=False, share=share, seed=seed, most=MOST)
    assert len(parts.test) == len(parts.validation) == max(1, round(rows * share))
    assert len(parts.train) == rows - 2 * len(parts.test)


@settings(max_examples=25)
@given(SEEDS)
def test_the_same_seed_deals_the_same(seed: int) -> None:
    values = np.repeat([0, 1], 50)
    one, other = (split(values, by_class=True, share=0.2, seed=seed, most=MOST) for _ in range(2))
    assert all((getattr(one, part) == getattr(other, part)).all() for part in ("train", "validation", "test"))


def test_what_a_part_may_not_hold_is_learnt_from() -> None:
    parts = split(np.arange(1000.0), by_class=False, share=0.4, seed=0, most=(10, 100))
    assert (len(parts.validation), len(parts.test), len(parts.train)) == (10, 100, 890)


@settings(max_examples=25)
@given(st.integers(0, 100), st.integers(1, 120), SEEDS)
def test_a_sample_keeps_the_order_and_takes_no_row_twice(rows: int, most: int, seed: int) -> None:
    drawn = sample(np.arange(rows), most, seed)
    assert len(drawn) == min(rows, most)
    assert list(drawn) == sorted(set(drawn))

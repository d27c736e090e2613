"""How numbers are spread: their quantiles, and a histogram of the bulk of them."""

from dataclasses import dataclass

import polars as pl

_BINS = 24
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How numbers are spread."""

    min: float
    max: float
    mean: float
    sd: float | None
    q05: float
    q25: float
    median: float
    q75: float
    q95: float
    sum: float
    zeros: int
    negative: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A histogram between two bounds; what lies outside them is counted, not drawn."""

    low: float
    high: float
    counts: tuple[int, ...]
    below: int
    above: int


def spread_of(found: pl.Series) -> Spread:
    """Compute the spread of numbers that are all present and finite; at least one."""
    name = found.name or "value"
    value = pl.col(name)
    row = (
        found.alias(name)
        .to_frame()
        .select(
            value.min().alias("min"),
            value.max().alias("max"),
            value.mean().alias("mean"),
            value.std().alias("sd"),
            value.sum().alias("sum"),
            (value == 0).sum().alias("zeros"),
            (value < 0).sum().alias("negative"),
            *(value.quantile(q, "linear").alias(f"q{q}") for q in _QUANTILES),
        )
        .row(0, named=True)
    )
    q05, q25, median, q75, q95 = (row.pop(f"q{q}") for q in _QUANTILES)
    return Spread(**row, q05=q05, q25=q25, median=median, q75=q75, q95=q95)


def histogram(found: pl.Series, spread: Spread) -> Bars | None:
    """Count the values in bins over the bulk of them: far values would squeeze the rest into one bin."""
    reach = 3 * (spread.q95 - spread.q05) or (spread.max - spread.min)
    low, high = max(spread.min, spread.q05 - reach), min(spread.max, spread.q95 + reach)
    if not low < high:
        return None
    width = (high - low) / _BINS
    inside = found.filter((found >= low) & (found <= high))
    bins = ((inside - low) / width).floor().clip(0, _BINS - 1).cast(pl.Int64)
    tally = dict(bins.alias("bin").value_counts(name="rows").iter_rows())
    return Bars(
        low=low,
        high=high,
        counts=tuple(tally.get(n, 0) for n in range(_BINS)),
        below=int((found < low).sum()),
        above=int((found > high).sum()),
    )

"""How many different values there are, and which are the commonest, also where there are millions."""

import polars as pl

#: From so many texts on, their hashes of 64 bits are counted instead: the same figures, less memory.
_MANY = 500_000


def distinct_values(found: pl.Series) -> int:
    """Number of different values."""
    return _light(found).n_unique()


def commonest(found: pl.Series, most: int) -> list[tuple[object, int]]:
    """The commonest values with their counts, the most frequent first."""
    light = _light(found).alias("value")
    order = ["rows", "value"]
    top = light.value_counts(name="rows").top_k(most, by=order, reverse=[False, True])
    named = [(_value(found, light, value), rows) for value, rows in top.iter_rows()]
    return sorted(named, key=lambda pair: (-pair[1], str(pair[0])))


def _light(found: pl.Series) -> pl.Series:
    return found.hash(seed=7) if found.dtype == pl.String and len(found) > _MANY else found


def _value(found: pl.Series, light: pl.Series, value: object) -> object:
    """Give the value itself for a hash of it."""
    return value if light.dtype == found.dtype else found[(light == value).arg_max() or 0]

"""Write a file as large and as wide as the flights of New York in 2013: 336,776 rows, 19 columns, 30 MB."""

import sys

import numpy as np
import polars as pl

ROWS = 336_776
MICROSECONDS_OF_2013 = 1_356_998_400_000_000
GAPPED = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time")
WHOLE = ("sched_dep_time", "sched_arr_time", "flight", "distance")
chance = np.random.default_rng(2013)


def numbers(name: str) -> pl.Series:
    return pl.Series(name, chance.integers(20, 2400, ROWS))


def gapped(name: str) -> pl.Series:
    there = pl.Series(chance.random(ROWS) > 0.02)
    return pl.select(pl.when(there).then(numbers(name))).to_series().alias(name)


def texts(name: str, values: list[str]) -> pl.Series:
    return pl.Series(name, chance.choice(values, ROWS))


if __name__ == "__main__":
    minutes = pl.Series(np.sort(chance.integers(0, 365 * 24 * 60, ROWS)))
    moments = (minutes * 60_000_000 + MICROSECONDS_OF_2013).cast(pl.Datetime("us")).dt.truncate("1h")
    frame = pl.DataFrame(
        [
            moments.dt.year().alias("year"),
            moments.dt.month().alias("month"),
            moments.dt.day().alias("day"),
            *map(gapped, GAPPED),
            *map(numbers, WHOLE),
            texts("carrier", ["UA", "B6", "EV", "DL", "AA", "MQ"]),
            texts("tailnum", [f"N{n}MQ" for n in range(10_000, 14_000)]),
            texts("origin", ["EWR", "JFK", "LGA"]),
            texts("dest", [f"D{n:02}" for n in range(99)]),
            moments.dt.hour().alias("hour"),
            pl.Series("minute", chance.integers(0, 59, ROWS)),
            moments.alias("time_hour"),
        ]
    )
    frame.write_csv(sys.argv[1], null_value="NA", datetime_format="%Y-%m-%dT%H:%M:%SZ")

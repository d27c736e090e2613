"""Merged cells of a sheet: what the first one says holds for all of them."""

from collections import defaultdict

import polars as pl

from worker.catalogue.tables.dialect import look
from worker.catalogue.tables.sheets import Extent


def filled(frame: pl.DataFrame, extent: Extent) -> pl.DataFrame:
    """Say in every cell of a merged block what its first one says, unless that is a number, which would add up."""
    block = extent.block
    if block is None:
        return frame
    above, left = block.bottom - frame.height + 1, block.right - frame.width + 1
    changed: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for merged in extent.merged:
        row, column = merged.top - above, merged.left - left
        if not (0 <= row < frame.height and 0 <= column < frame.width) or (value := frame.item(row, column)) is None:
            continue
        if merged.bottom > merged.top and look(value):
            continue
        for other in range(column, min(merged.right - left + 1, frame.width)):
            changed[other].update(dict.fromkeys(range(row, min(merged.bottom - above + 1, frame.height)), value))
    for column, cells in changed.items():
        values = frame.to_series(column).to_list()
        for row, value in cells.items():
            values[row] = value
        frame = frame.with_columns(pl.Series(f"c{column}", values, dtype=pl.String))
    return frame

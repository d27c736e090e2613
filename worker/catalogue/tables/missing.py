"""Which cells say that a value is missing, in the many ways it is said."""

import polars as pl

#: In lower case, without spaces around it. Words that may be a value of their own ("other", "unknown") are not here.
SPELLINGS = (
    "",
    "na",
    "n/a",
    "n.a.",
    "#n/a",
    "<na>",
    "nan",
    "-nan",
    "null",
    "none",
    "nil",
    "nat",
    "\\n",
    "-",
    "--",
    "---",
    "–",
    "—",
    ".",
    "..",
    "?",
    "missing",
    "#value!",
    "#ref!",
    "#div/0!",
    "#name?",
    "#num!",
    "(blank)",
    "(null)",
    "缺失",
    "暂无",
    "无数据",
    "空",
)
_LONGEST = max(len(spelling.encode()) for spelling in SPELLINGS)


def without_missing(cells: pl.Series) -> tuple[pl.Series, dict[str, int]]:
    """Strip the cells and make null of what is missing; also says how often each spelling stood there."""
    stripped = cells.str.strip_chars()
    brief = stripped.str.len_bytes() <= _LONGEST
    lowered = pl.select(pl.when(brief).then(stripped.str.to_lowercase())).to_series()
    gone = lowered.is_in(SPELLINGS).fill_null(value=False)
    nulls = stripped.null_count()
    if not gone.any():
        return stripped, {"": nulls} if nulls else {}
    found = dict(stripped.filter(gone).value_counts().iter_rows())
    if nulls:
        found[""] = found.get("", 0) + nulls
    present = pl.select(pl.when(~gone).then(stripped)).to_series()
    return present, dict(sorted(found.items(), key=lambda item: -item[1]))

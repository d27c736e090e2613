"""What a table may claim at most: every bound of the readers in one place."""

from typing import Final

#: Characters of one line; a longer one is no row of a table (and would be held in memory whole).
MAX_LINE_CHARS: Final = 1 << 20
#: A cell is cut here once it is read; the profile of a text needs no more. The reader itself refuses 128 KiB.
MAX_CELL_CHARS: Final = 500
#: Columns of one table.
MAX_COLUMNS: Final = 5_000
#: Rows of one table: what its widest column needs while it is read stays near 2 GiB.
MAX_ROWS: Final = 12_000_000
#: Cells of one table: bounds what a small Parquet file can unfold to.
MAX_CELLS: Final = 400_000_000
#: Bytes of an Excel workbook, and of any one part of it once it is unfolded.
MAX_WORKBOOK_BYTES: Final = 200 << 20
MAX_PART_BYTES: Final = 512 << 20
#: Cells between the first and the last filled one of a sheet: the library holds them all.
MAX_SHEET_CELLS: Final = 25_000_000
#: Bytes of a JSON file that is one array; JSON lines have no bound of their own.
MAX_JSON_BYTES: Final = 32 << 20
#: A batch ends at so many cells or so many characters, whichever comes first.
BATCH_CELLS: Final = 200_000
BATCH_CHARS: Final = 8_000_000
#: Cells that are typed and profiled in one go.
GROUP_CELLS: Final = 2_000_000
#: Bad rows that are shown; all are counted.
BAD_ROWS_SHOWN: Final = 20

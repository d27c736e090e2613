"""What a report may be asked for, and what it looks at: every bound of its own in one place."""

from typing import Final

#: Files of one report, and tables that it tells of.
MAX_FILES: Final = 20
MAX_TABLES: Final = 12
#: Columns whose trend is looked for, those first that have the most values.
MAX_MEASURES: Final = 60
#: Rows that the search for odd combinations learns from and looks at.
MAX_ROWS_COMPARED: Final = 200_000
#: Columns that the search for odd combinations looks at together.
MAX_COLUMNS_COMPARED: Final = 12

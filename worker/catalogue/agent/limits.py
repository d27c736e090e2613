"""What an agent may hold, run and say at most: every bound in one place."""

from typing import Final

#: Uploads of one job.
MAX_FILES: Final = 20
#: Characters of one document that are read; the rest is told as left out.
MAX_DOCUMENT_CHARS: Final = 20_000_000
#: Pages of a PDF that are read.
MAX_PAGES: Final = 2_000
#: Bytes that a DOCX may unfold to.
MAX_UNPACKED_BYTES: Final = 200 << 20
#: Characters of a passage: about what a reader takes in at a glance, and what is quoted.
PASSAGE_CHARS: Final = 900
#: Passages of all documents together.
MAX_PASSAGES: Final = 100_000
#: Rows of one table.
MAX_ROWS: Final = 5_000_000
#: Columns of a table that are described; all can be asked for.
DESCRIBED_COLUMNS: Final = 60
#: A column of text with at most so many values is described by them.
DESCRIBED_VALUES: Final = 40
#: What the database may hold in memory, and on disk beside it.
SQL_MEMORY: Final = "512MB"
SQL_DISK: Final = "2GB"
SQL_THREADS: Final = 2
#: What the job may hold in memory in all: the database's limit does not count what a function makes in one go.
MEMORY_BYTES: Final = 2 << 30
#: Seconds of one query, or of loading one table.
SQL_SECONDS: Final = 30.0
LOAD_SECONDS: Final = 120.0
SQL_CHARS: Final = 10_000
#: Rows and characters of a cell that a query gives back.
SQL_ROWS: Final = 100
CELL_CHARS: Final = 200
#: Points of a chart.
CHART_ROWS: Final = 2_000
#: Characters of a tool's result as it is kept and shown to the model.
RESULT_CHARS: Final = 8_000
#: Characters of arguments and of a result as an item shows them.
SHOWN_CHARS: Final = 1_500
#: Characters of an expression to calculate.
EXPRESSION_CHARS: Final = 500
#: Characters of an answer as the job's result has it; the output has it whole.
ANSWER_CHARS: Final = 20_000
#: Tokens that a model may write in one go, and what is set aside for its answer.
TURN_TOKENS: Final = 2_000
ANSWER_TOKENS: Final = 1_000

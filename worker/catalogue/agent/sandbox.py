"""SQL over the uploaded tables, and over nothing else: a database in memory that is locked before anybody asks it.

Three fences, each of which would do: the database has no way out (no files, no network, no extensions, its settings
locked), a query is one SELECT, and that is read as a tree: it may name the tables and plain functions only.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import duckdb

from worker.catalogue.agent.limits import SQL_CHARS, SQL_DISK, SQL_MEMORY, SQL_SECONDS, SQL_THREADS
from worker.catalogue.agent.syntax import fault
from worker.context import Context

T = TypeVar("T")
_LOOK_SECONDS = 0.02
#: What a query that is broken off is given to end in.
_END_SECONDS = 2.0


class Refused(ValueError):
    """The query was not run, or gave nothing; the text says why."""


class Sandbox:
    """One database of one run; `lock` it before a query is run."""

    def __init__(self, ctx: Context, folder: Path) -> None:
        self._ctx = ctx
        #: What is in C code hears of an interrupt late, and of no limit of memory: the job's own holds then.
        self._last: Thread | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._database = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": SQL_MEMORY,
                "threads": SQL_THREADS,
                "temp_directory": str(folder),
                "max_temp_directory_size": SQL_DISK,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
            },
        )
        #: Or the name of a variable of ours would be a table.
        self._database.execute("SET python_enable_replacements = false")
        ctx.cleanup(self._database.close)

    def load(self, statement: str, values: list[Any], seconds: float) -> list[tuple[Any, ...]]:
        """Runs a statement of ours, before the lock."""
        return self._run(lambda: self._database.execute(statement, values).fetchall(), seconds)

    def lock(self) -> None:
        """From here on the database reaches nothing, and nobody can change that."""
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")

    def select(self, query: str, most: int, seconds: float = SQL_SECONDS) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The names of the columns, and up to *most* rows; Refused where it is no query for here, or fails."""
        if self._last is not None and self._last.is_alive():
            raise Refused("An earlier query has not ended yet, though it was told to.")
        plain = query.strip().rstrip(";").strip()
        if not plain or len(plain) > SQL_CHARS:
            raise Refused(f"A query has 1 to {SQL_CHARS:,} characters.")
        with _told():
            self._check(plain)
            return self._run(lambda: self._rows(plain, most), min(seconds, SQL_SECONDS))

    def _check(self, query: str) -> None:
        statements = self._database.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise Refused("Only one SELECT at a time is allowed.")
        tree = self._database.execute("SELECT json_serialize_sql(?)", [query]).fetchall()[0][0]
        tables = [name for (name,) in self._database.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        found = fault(json.loads(tree), tables)
        if found:
            raise Refused(found)

    def _rows(self, query: str, most: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        found = self._database.execute(f"SELECT * FROM (\n{query}\n) LIMIT {most:d}")  # noqa: S608 - checked above
        return [column[0] for column in found.description or []], found.fetchall()

    def _run(self, work: Callable[[], T], seconds: float) -> T:
        """*work* in a thread of its own, broken off when the time is up or the job is to end."""
        done: list[T] = []
        failed: list[BaseException] = []
        thread = Thread(target=_into, args=(work, done, failed), daemon=True)
        self._last = thread
        thread.start()
        try:
            self._wait(thread, time.monotonic() + seconds, seconds)
        except BaseException:
            self._break_off(thread)
            raise
        if failed:
            raise failed[0]
        return done[0]

    def _break_off(self, thread: Thread) -> None:
        """Again and again: an interrupt that comes before the query has begun is forgotten."""
        until = time.monotonic() + _END_SECONDS
        while thread.is_alive() and time.monotonic() < until:
            self._database.interrupt()
            thread.join(_LOOK_SECONDS)

    def _wait(self, thread: Thread, until: float, seconds: float) -> None:
        while thread.is_alive():
            self._ctx.raise_if_cancelled()
            if time.monotonic() > until:
                raise Refused(f"It took longer than {seconds:g} seconds and was broken off.")
            thread.join(_LOOK_SECONDS)


def _into(work: Callable[[], T], done: list[T], failed: list[BaseException]) -> None:
    try:
        done.append(work())
    except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
        failed.append(error)


@contextmanager
def _told() -> Iterator[None]:
    """What the database says of a query is of use to whoever wrote it; of everything else it says nothing."""
    try:
        yield
    except duckdb.Error as error:
        first = str(error).strip().partition("\n")[0]
        raise Refused(first[:500] or "The query failed.") from error

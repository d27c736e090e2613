"""Probe of a database: one number by one SELECT, on a connection that can only read."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from worker.catalogue.monitor import targets
from worker.catalogue.monitor.readings import ProbeFailed, Reading
from worker.catalogue.monitor.web import as_number
from worker.outcomes import JobFailed

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Row

#: A database's URL, password and all, by the name that params give it.
VARIABLE = "TAILRACE_SQL_"
_BEGINNINGS = ("select", "with", "values", "table")
#: What is said first on a connection, by dialect: it may only read, and not for long. Whatever the dialect, the
#: transaction is rolled back; the database's own rights are what a query cannot get around.
_READ_ONLY = {
    "postgresql": (
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET SESSION statement_timeout = {milliseconds}",
    ),
    "mysql": ("SET SESSION TRANSACTION READ ONLY", "SET SESSION max_execution_time = {milliseconds}"),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY", "SET SESSION max_statement_time = {seconds}"),
}
#: How drivers are told not to wait for ever.
_PATIENCE = {
    "psycopg": ("connect_timeout",),
    "psycopg2": ("connect_timeout",),
    "pymysql": ("connect_timeout", "read_timeout"),
    "mysqldb": ("connect_timeout", "read_timeout"),
}
#: Between two looks at the clock, in steps of SQLite's machine; and the largest value that it may make.
_SQLITE_STEPS, _SQLITE_BYTES = 10_000, 1_000_000
_ERROR_CHARACTERS = 200


class Database:
    """Asks one query, on a new connection each time: a database that was away is found again."""

    def __init__(self, target: targets.Sql, environ: Mapping[str, str] = os.environ) -> None:
        self._target = target
        self._query = one_select(target.query)
        self._engine = _engine(target, environ)
        self._raw: Any = None

    def read(self) -> Reading:
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - where it is needed

        connection = self._connect()
        try:
            self._raw = connection.connection.dbapi_connection
            value = self._one(connection)
        except SQLAlchemyError as error:
            raise ProbeFailed(_words(error)) from None
        finally:
            self._raw = None
            with suppress(SQLAlchemyError):
                connection.close()
        return Reading(target=self._target.name, values={self._target.name: value})

    def cut(self) -> None:
        """Ends the query that waits, where the driver has a word for that."""
        raw = self._raw
        for verb in ("interrupt", "cancel"):
            end: Callable[[], None] | None = getattr(raw, verb, None)
            if end is not None:
                with suppress(Exception):  # whatever a driver says of a query that has just ended
                    end()
                return

    def close(self) -> None:
        self._engine.dispose()

    def _connect(self) -> "Connection":
        """What a database says when it refuses may name its address and its user, and is not passed on."""
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - where it is needed

        try:
            return self._engine.connect()
        except (SQLAlchemyError, OSError):
            raise ProbeFailed(f"no connection to the database {self._target.database}") from None

    def _one(self, connection: "Connection") -> float:
        seconds = self._target.timeout_seconds
        for statement in _READ_ONLY.get(self._engine.dialect.name, ()):
            connection.exec_driver_sql(statement.format(seconds=seconds, milliseconds=round(seconds * 1000)))
        connection.commit()  # what is said of a session holds from its next transaction on
        #: Without parameters, so that a per cent sign of the query is nothing but that.
        asked = connection.execution_options(stream_results=True, no_parameters=True)
        found = asked.exec_driver_sql(self._query)
        if not found.returns_rows:
            raise ProbeFailed("the query gives no rows")
        return _number(found.fetchmany(2))


def one_select(query: str) -> str:
    """*query* without the semicolon at its end; JobFailed ``not_a_select`` unless it is one SELECT."""
    text = query.strip().removesuffix(";").rstrip()
    if ";" in text or not text.lower().startswith(_BEGINNINGS):
        raise JobFailed("not_a_select", "A query is one SELECT (or WITH … SELECT), without a semicolon inside.")
    return text


def _number(rows: "Sequence[Row[Any]]") -> float:
    if len(rows) != 1 or len(rows[0]) != 1:
        many = "no row" if not rows else "several rows" if len(rows) > 1 else "several columns"
        raise ProbeFailed(f"the query gives {many}; it has to give one number")
    return as_number(rows[0][0])


def _engine(target: targets.Sql, environ: Mapping[str, str]) -> "Engine":
    from sqlalchemy import create_engine, event, make_url  # noqa: PLC0415 - heavy, and few jobs ask a database
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415 - as above
    from sqlalchemy.pool import NullPool  # noqa: PLC0415 - as above

    variable = VARIABLE + target.database.upper()
    given = environ.get(variable)
    if not given:
        raise JobFailed("no_such_database", f"The worker knows no database {target.database}: it has no {variable}.")
    try:
        url = make_url(given)
        patience = {name: max(1, round(target.timeout_seconds)) for name in _PATIENCE.get(url.get_driver_name(), ())}
        engine = create_engine(url, poolclass=NullPool, connect_args=patience, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError):
        text = f"The worker's {variable} is no URL of a database whose driver it has."
        raise JobFailed("no_such_database", text) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", lambda *_: _must_exist(url.database))
        event.listen(engine, "connect", lambda raw, _: _tame(raw, target.timeout_seconds))
    return engine


def _must_exist(path: str | None) -> None:
    """SQLite would make a new file of a name that it does not find."""
    if path and path != ":memory:" and not path.startswith("file:") and not Path(path).is_file():
        raise OSError(path)


def _tame(raw: Any, seconds: float) -> None:
    """SQLite knows neither users nor timeouts: it asks us what a statement may do, and whether it may go on."""
    import sqlite3  # noqa: PLC0415 - where it is needed

    may = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
    may |= {sqlite3.SQLITE_TRANSACTION}  # of the driver's own, at the end
    until = time.monotonic() + seconds
    raw.execute("PRAGMA query_only = ON")
    raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _SQLITE_BYTES)
    raw.set_progress_handler(lambda: time.monotonic() > until, _SQLITE_STEPS)
    raw.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in may else sqlite3.SQLITE_DENY)


def _words(error: Any) -> str:
    """What the database says of the query, in one line."""
    said = str(getattr(error, "orig", None) or type(error).__name__).splitlines() or [""]
    return f"the query failed: {said[0][:_ERROR_CHARACTERS]}"

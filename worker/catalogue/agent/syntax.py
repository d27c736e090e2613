"""What a query may say: its tree is gone through, and what is not known to be harmless is refused."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

#: Functions that give rows out of nothing but their arguments.
TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest"})
#: Functions that read settings, the machine or text as SQL, or change what stays; by how their names begin.
_REFUSED = (
    "read_", "duckdb_", "pragma_", "pg_", "json_execute", "json_serialize_sql", "json_deserialize_sql", "query",
    "parquet_", "sniff_", "write_", "glob", "getenv", "getvariable", "current_setting", "current_database",
    "current_schema",
    "current_catalog", "in_search_path", "nextval", "currval", "set_", "txid_", "has_", "arrow_scan", "pandas_scan",
    "python_", "seq_scan", "which_secret", "force_checkpoint", "checkpoint", "enable_", "disable_", "start_", "stop_",
    "sleep", "error",
)  # fmt: skip
#: What a FROM may have.
_FROM = frozenset(
    {"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "EMPTY_FROM", "PIVOT", "CTE"}
)
_OWN_SCHEMAS = frozenset({"", "main"})
_OWN_CATALOGS = frozenset({"", "memory"})


def fault(tree: Mapping[str, Any], tables: Collection[str]) -> str | None:
    """What is wrong with a query, from the tree that the database gives of it; None where nothing is."""
    if tree.get("error"):
        return str(tree.get("error_message") or "It is no SELECT.")[:500]
    if len(tree.get("statements", ())) != 1:
        return "Only one SELECT at a time is allowed."
    known = {name.lower() for name in tables}
    for node in _nodes(tree):
        known |= {str(named.get("key", "")).lower() for named in _named(node)}
    return next((found for node in _nodes(tree) if (found := _fault(node, known))), None)


def _nodes(thing: Any) -> Iterator[Mapping[str, Any]]:
    """Every part of the tree."""
    waiting = [thing]
    while waiting:
        there = waiting.pop()
        if isinstance(there, dict):
            yield there
            waiting += there.values()
        elif isinstance(there, list):
            waiting += there


def _named(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The queries that stand in front of one by WITH."""
    found = node.get("cte_map")
    return list(found.get("map", ())) if isinstance(found, dict) else []


def _fault(node: Mapping[str, Any], known: Collection[str]) -> str | None:
    if "function_name" in node:
        name = str(node["function_name"]).lower()
        if name.startswith(_REFUSED):
            return f"The function {name} is not allowed here."
    if node.get("type") == "TABLE_FUNCTION":
        return _table_function(node)
    if node.get("type") == "BASE_TABLE":
        return _table(node, known)
    source = node.get("from_table")
    if isinstance(source, dict) and source.get("type") not in _FROM:
        return "Only the tables can be asked, with SELECT."
    return None


def _table_function(node: Mapping[str, Any]) -> str | None:
    function = node.get("function")
    name = str(function.get("function_name", "")).lower() if isinstance(function, dict) else ""
    return None if name in TABLE_FUNCTIONS else f"The function {name or '?'} is not allowed here."


def _table(node: Mapping[str, Any], known: Collection[str]) -> str | None:
    name = str(node.get("table_name", ""))
    elsewhere = (
        str(node.get("schema_name") or "").lower() not in _OWN_SCHEMAS
        or str(node.get("catalog_name") or "").lower() not in _OWN_CATALOGS
    )
    return f"There is no table {name[:80]!r} here." if elsewhere or name.lower() not in known else None

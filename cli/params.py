"""From words on the command line to a job's params, read as the type's JSON Schema says."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from cli.errors import UsageError

FILE_FORMAT = "tailrace-file"
_YES, _NO = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}

Schema = dict[str, Any]
Upload = Callable[[Path], str]


def read_params(words: Sequence[str], schema: Schema, upload: Upload) -> dict[str, Any]:
    """``key=value``, ``key:=json``, ``key=@file`` and ``@file`` as one object; *upload* gives a file's id."""
    params: dict[str, Any] = {}
    bare = [word[1:] for word in words if word.startswith("@")]
    for word in words:
        if not word.startswith("@"):
            _put(params, *_pair(word, schema, upload), schema=schema)
    for path, name in zip(bare, _places(bare, params, schema), strict=True):
        _put(params, name, _uploaded(path, upload), schema=schema)
    try:
        json.dumps(params, allow_nan=False)
    except ValueError:
        raise UsageError("a number is too large for JSON, or none at all (NaN)") from None
    return params


def kinds(schema: Schema, whole: Schema) -> Iterator[Schema]:
    """The plain schemas that *schema* allows: its references and alternatives followed."""
    if reference := schema.get("$ref"):
        yield from kinds(_followed(reference, whole), whole)
    for word in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(word, ()):
            yield from kinds(part, whole)
    yield schema


def _pair(word: str, schema: Schema, upload: Upload) -> tuple[str, Any]:
    name, equals, text = word.partition("=")
    if not equals or name in {"", ":"}:
        raise UsageError(f"{word!r} is neither key=value nor @file")
    if name.endswith(":"):
        return name[:-1], _json(text, name[:-1])
    if text.startswith("@"):
        return name, _uploaded(text[1:], upload)
    return name, _value(text, name, list(kinds(schema.get("properties", {}).get(name, {}), schema)))


def _value(text: str, name: str, allowed: list[Schema]) -> Any:
    """*text* as the first of the schema's types that can hold it."""
    types = [kind for part in allowed for kind in _types(part)]
    if "array" in types and not text.startswith("["):
        items = (part["items"] for part in allowed if isinstance(part.get("items"), dict))
        return _value(text, name, list(items))
    for kind in sorted(types, key=_ORDER.index):
        try:
            return _READERS[kind](text)
        except (ValueError, KeyError):
            continue
    if types:
        raise UsageError(f"{name}={text!r} is not {' or '.join(dict.fromkeys(types))}")
    return _guess(text)


def _types(part: Schema) -> list[str]:
    given = part.get("type", [])
    if not given and "enum" in part:
        given = ["string"] if all(isinstance(value, str) for value in part["enum"]) else []
    return [kind for kind in ([given] if isinstance(given, str) else given) if kind in _READERS]


def _flag(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise ValueError
    return text.lower() in _YES


def _null(text: str) -> None:
    if text != "null":
        raise ValueError


def _of(text: str, *allowed: type) -> Any:
    value = json.loads(text)
    if type(value) not in allowed:
        raise ValueError(text)
    return value


_READERS: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "number": lambda text: _of(text, int, float),
    "boolean": _flag,
    "object": lambda text: _of(text, dict),
    "array": lambda text: _of(text, list),
    "null": _null,
    "string": str,
}
#: The narrowest first; any text is a string.
_ORDER = list(_READERS)


def _guess(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"{name}:= is not JSON ({error})") from None


def _uploaded(path: str, upload: Upload) -> str:
    return upload(Path(path).expanduser())


def _put(params: dict[str, Any], name: str, value: Any, *, schema: Schema) -> None:
    """A list grows with every mention of its key; anything else may be named once."""
    if _is_list(name, schema) and not isinstance(value, list):
        params.setdefault(name, []).append(value)
    elif name in params:
        raise UsageError(f"{name} is given twice")
    else:
        params[name] = value


def _is_list(name: str, schema: Schema) -> bool:
    return any("array" in _types(kind) for kind in kinds(schema.get("properties", {}).get(name, {}), schema))


def _places(paths: Sequence[str], params: dict[str, Any], schema: Schema) -> list[str]:
    """The params that the bare files are for: the file params not named yet, in the schema's order."""
    wanting = [name for name in _file_params(schema) if name not in params]
    if len(paths) > len(wanting) and wanting and _is_list(wanting[-1], schema):
        wanting += [wanting[-1]] * (len(paths) - len(wanting))
    if len(paths) > len(wanting):
        raise UsageError(f"@{paths[len(wanting)]}: this job type takes {len(wanting) or 'no'} more file(s)")
    return wanting[: len(paths)]


def _file_params(schema: Schema) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        allowed = list(kinds(part, schema))
        items = [kind["items"] for kind in allowed if isinstance(kind.get("items"), dict)]
        inner = [kind for item in items for kind in kinds(item, schema)]
        if any(kind.get("format") == FILE_FORMAT for kind in (*allowed, *inner)):
            yield name


def _followed(reference: str, whole: Schema) -> Schema:
    part: Any = whole
    for word in reference.removeprefix("#/").split("/"):
        part = part.get(word, {}) if isinstance(part, dict) else {}
    return part if isinstance(part, dict) else {}

"""From a JSON Schema and a value to every fault, each with its pointer, and to the uploads that the value names."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.exceptions import best_match
from referencing import Registry

from jobs.evident import Evident, evident

#: The format of a string that names an upload.
FILE_FORMAT = "tailrace-file"
_FILE_WORD = FILE_FORMAT.encode()
#: Faults that are listed; a body full of wrong items must not make an answer larger than itself.
MAX_FAULTS = 100
_SHOWN = 80

#: Schemas that are kept compiled: the type of nearly every job was asked for before.
_KEPT = 256

#: An empty registry: a schema may point into itself, never at something to be fetched.
_NOTHING_REMOTE: Registry[Any] = Registry()


class Fault(NamedTuple):
    """One thing that is wrong with a value; ``pointer`` is its JSON Pointer (RFC 6901)."""

    pointer: str
    detail: str


class Verdict(NamedTuple):
    faults: list[Fault]
    #: Strings that stand where an upload's id may stand, in order, each once.
    files: list[str]


class Compiled(NamedTuple):
    """A schema, ready to judge by."""

    validator: Draft202012Validator
    evident: Evident
    names_uploads: bool


#: By their identity, which is theirs as long as they are kept here.
_known: dict[int, tuple[dict[str, Any], Compiled]] = {}


def judge(schema: dict[str, Any], value: Any, *, at: str = "", missing: Collection[str] = ()) -> Verdict:
    """Holds *value* against *schema*; pointers begin with *at*; a file id in *missing* is a fault where it stands."""
    files: dict[str, None] = {}

    def note(text: object) -> bool:
        if not isinstance(text, str):
            return True
        files[text] = None
        return text not in missing

    compiled = _compiled(schema)
    if compiled.evident(value):
        return Verdict([], [])
    validator = compiled.validator
    if compiled.names_uploads:
        validator = validator.evolve(format_checker=_formats(note))
    errors = islice(validator.iter_errors(value), MAX_FAULTS)
    faults = [Fault(at + fault.pointer, fault.detail) for error in errors for fault in _faults(error)]
    return Verdict(sorted(dict.fromkeys(faults))[:MAX_FAULTS], list(files))


def _compiled(schema: dict[str, Any]) -> Compiled:
    """Of a schema that nobody changes any more: the same one is found by itself, one like it by its text."""
    known = _known.get(id(schema))
    if known is None or known[0] is not schema:
        if len(_known) >= _KEPT:
            _known.clear()
        known = _known[id(schema)] = schema, _of_text(msgspec.json.encode(schema))
    return known[1]


@lru_cache(maxsize=_KEPT)
def _of_text(text: bytes) -> Compiled:
    """To be used as it is where the schema asks for no upload: what each call adds to it costs as much as it does."""
    schema, names_uploads = msgspec.json.decode(text), _FILE_WORD in text
    validator = Draft202012Validator(schema, registry=_NOTHING_REMOTE, format_checker=_formats(lambda _: True))
    #: Of a value that may name uploads it is not enough that it is right.
    return Compiled(validator, evident(not names_uploads and schema), names_uploads)


def _formats(note: Callable[[object], bool]) -> FormatChecker:
    """The formats that are held to; others are only told to people, as the standard has it."""
    checker = FormatChecker(formats=("date", "email", "ipv4", "ipv6", "uuid"))
    checker.checkers = {**checker.checkers, "date-time": (_is_time, ()), FILE_FORMAT: (note, ())}
    return checker


def _is_time(text: object) -> bool:
    if not isinstance(text, str):
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _faults(error: ValidationError) -> Iterator[Fault]:
    if "propertyNames" in error.schema_path:
        yield Fault(_pointer(error, str(error.instance)), "has a name that is not allowed here")
        return
    match error.validator:
        case "required":
            name = error.message.removesuffix(" is a required property")
            missing = next((n for n in error.validator_value if repr(n) == name), None)
            yield Fault(_pointer(error, missing), "is required")
        case "additionalProperties" if error.validator_value is False:
            for name in _extra(error):
                yield Fault(_pointer(error, name), "is not known here")
        case "anyOf" | "oneOf" if error.context:
            yield from _of_choice(error)
        case "format" if error.validator_value == FILE_FORMAT:
            yield Fault(_pointer(error), "names no upload that is kept here")
        case _:
            yield Fault(_pointer(error), _text(error))


def _of_choice(error: ValidationError) -> Iterator[Fault]:
    """None of several schemas fits: the one that was meant, or came nearest, tells why; else what they ask for."""
    meant = _meant(error)
    if meant:
        yield from (fault for each in meant for fault in _faults(each))
        return
    leaf = best_match([error])
    if leaf is not None and leaf is not error:
        yield from _faults(leaf)
        return
    kinds = [kind.validator_value for kind in error.context if kind.validator == "type" and not kind.path]
    if len(kinds) == len(error.context):
        yield Fault(_pointer(error), f"{_shown(error.instance)} is none of: {', '.join(map(str, kinds))}")
    else:
        yield Fault(_pointer(error), _text(error))


def _meant(error: ValidationError) -> list[ValidationError]:
    """What is wrong with the one schema whose constants the value has, where constants tell the schemas apart."""
    by_schema: dict[Any, list[ValidationError]] = {}
    for each in error.context:
        by_schema.setdefault(each.schema_path[0], []).append(each)
    own = [found for found in by_schema.values() if not any(each.validator == "const" for each in found)]
    return own[0] if len(own) == 1 < len(by_schema) else []


def _extra(error: ValidationError) -> list[str]:
    schema: dict[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    patterns: Sequence[str] = list(schema.get("patternProperties", {}))
    named = schema.get("properties", {})
    return [n for n in error.instance if n not in named and not any(re.search(p, n) for p in patterns)][:MAX_FAULTS]


def _pointer(error: ValidationError, name: str | None = None) -> str:
    parts = [*error.absolute_path, *([] if name is None else [name])]
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _text(error: ValidationError) -> str:
    """The library's words with a long value cut short."""
    message: str = error.message
    return message.replace(repr(error.instance), _shown(error.instance), 1)[:300]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

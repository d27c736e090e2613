"""GET /v1/jobs: the jobs that are kept, newest first, a page at a time, from their heads alone."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Response, request
from werkzeug.datastructures import MultiDict

from app.answers import JSON, answer, negotiate
from app.problems import Problem
from app.view import View
from jobs.files import is_id
from jobs.head import Head
from jobs.lifecycle import Lifecycle
from jobs.model import JobState

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
#: Heads that one call looks at; a filter that lets few pass gets a cursor to go on from.
MAX_SCANNED = 2000
_SCAN_PAGE = 200

_LIMIT = re.compile(r"[0-9]{1,3}", re.ASCII)


class Filter(NamedTuple):
    """A job passes with one of *states* and *types* (where any are given) and all of *labels*."""

    states: frozenset[str]
    types: frozenset[str]
    labels: frozenset[tuple[str, str]]

    def passes(self, head: Head) -> bool:
        return (
            (not self.states or head.state.value in self.states)
            and (not self.types or head.type in self.types)
            and self.labels <= head.labels.items()
        )


class Listing:
    def __init__(self, lifecycle: Lifecycle, view: View) -> None:
        self._life, self._view = lifecycle, view

    def __call__(self) -> Response:
        negotiate(JSON)
        wanted, limit, cursor = filter_of(request.args), limit_of(request.args), cursor_of(request.args)
        found, following = self._page(wanted, limit, cursor)
        page = {
            "jobs": [self._view.summary(head) for head in found],
            "next": following,
            "links": {"self": _address(cursor), "next": following and _address(following)},
        }
        return answer(page, headers={"Cache-Control": "private, no-cache"})

    def _page(self, wanted: Filter, limit: int, cursor: str | None) -> tuple[list[Head], str | None]:
        """Up to *limit* heads, and the cursor of what follows them if anything may."""
        found: list[Head] = []
        last = cursor
        for job_id, head in self._scan(cursor, limit + 1 if wanted == EVERYTHING else _SCAN_PAGE):
            if head is not None and wanted.passes(head):
                if len(found) == limit:
                    return found, found[-1].id
                found.append(head)
            last = job_id
        return found, last if last is not None and self._life.index.newest(last, 1) else None

    def _scan(self, cursor: str | None, size: int) -> Iterator[tuple[str, Head | None]]:
        """Ids with their heads, newest first, as far as one call looks; None for a job that has just gone."""
        scanned = 0
        while scanned < MAX_SCANNED:
            ids = self._life.index.newest(cursor, min(size, MAX_SCANNED - scanned))
            heads = {head.id: head for head in self._life.heads(ids)}
            yield from ((job_id, heads.get(job_id)) for job_id in ids)
            if not ids:
                return
            scanned, cursor = scanned + len(ids), ids[-1]


EVERYTHING = Filter(frozenset(), frozenset(), frozenset())


def filter_of(query: MultiDict[str, str]) -> Filter:
    states = frozenset(query.getlist("state"))
    unknown = states - {state.value for state in JobState}
    if unknown:
        raise Problem("malformed_query", f"state must be one of {', '.join(JobState)}.")
    pairs = [text.partition(":") for text in query.getlist("label")]
    if not all(colon and name for name, colon, _ in pairs):
        raise Problem("malformed_query", "label must be name:value.")
    return Filter(states, frozenset(query.getlist("type")), frozenset((name, value) for name, _, value in pairs))


def limit_of(query: MultiDict[str, str]) -> int:
    text = query.get("limit", str(DEFAULT_LIMIT))
    if _LIMIT.fullmatch(text) is None or not 1 <= int(text) <= MAX_LIMIT:
        raise Problem("malformed_query", f"limit must be a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def cursor_of(query: MultiDict[str, str]) -> str | None:
    """The id of the last job of the page before."""
    cursor = query.get("cursor")
    if cursor is not None and not is_id(cursor):
        raise Problem("malformed_cursor", "cursor must be the next of an earlier page.")
    return cursor


def _address(cursor: str | None) -> str:
    """The same list's address, at *cursor*."""
    pairs = [pair for pair in request.args.items(multi=True) if pair[0] != "cursor"]
    query = urlencode([*pairs, ("cursor", cursor)] if cursor else pairs)
    return f"/v1/jobs?{query}" if query else "/v1/jobs"

"""Files under a URL, through fsspec: a listing of links, a bucket, or one file."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import fsspec
from fsspec.implementations.local import LocalFileSystem

from worker.catalogue import outside
from worker.catalogue.files import limits
from worker.catalogue.files.listing import Entry, Listing
from worker.catalogue.files.refused import Refused
from worker.catalogue.files.remembered import remembered
from worker.catalogue.files.streams import copy
from worker.context import Context
from worker.outcomes import JobFailed

_NO_FILE = re.compile(r"[?#]|[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class Urls:
    """Everything below a URL that ends in ``/``; the one file that it names where it does not."""

    def __init__(self, ctx: Context, url: str) -> None:
        self._ctx, self._url = ctx, url
        self._fs = _file_system(ctx, outside.checked(url).scheme)
        self._root = str(self._fs._strip_protocol(url))  # noqa: SLF001 - every user of fsspec calls it
        self.entries, self._places = remembered(ctx, self._find)

    def copies(self, wanted: Iterable[Entry], folder: Path) -> Iterator[tuple[Entry, Path | Refused]]:
        for entry in wanted:
            yield entry, self._copy(self._places[entry.number], folder / str(entry.number))

    def _copy(self, place: str, target: Path) -> Path | Refused:
        try:
            with self._fs.open(place, "rb", block_size=0) as source:
                copy(source, target, self._ctx.raise_if_cancelled)
        except Refused as refusal:
            return refusal
        except Exception as error:  # noqa: BLE001 - each kind of store has errors of its own
            return Refused("unreachable", _why(error))
        return target

    def _find(self, listing: Listing) -> list[str]:
        places: list[str] = []
        for place, size in self._files() if self._url.endswith("/") else [(self._root, 0)]:
            listing.add(self._name(place), size)
            places.append(place)
        return places

    def _name(self, place: str) -> str:
        plain = place.partition("?")[0].partition("#")[0]
        return unquote(plain.removeprefix(self._root).lstrip("/") if self._url.endswith("/") else plain.rsplit("/")[-1])

    def _files(self) -> Iterator[tuple[str, int]]:
        """Depth first, each folder once, by name."""
        left, seen = [self._root], {self._root.rstrip("/")}
        while left:
            self._ctx.raise_if_cancelled()
            found = sorted(filter(self._counts, self._ls(left.pop())), key=lambda one: str(one["name"]))
            yield from ((str(one["name"]), int(one.get("size") or 0)) for one in found if one["type"] != "directory")
            below = [str(one["name"]) for one in found if one["type"] == "directory"]
            fresh = [name for name in below if name.rstrip("/") not in seen and name.startswith(self._root)]
            seen |= {name.rstrip("/") for name in fresh}
            left += reversed(fresh)
            if len(seen) > limits.MAX_FOLDERS:
                raise JobFailed("too_many_files", f"There are more than {limits.MAX_FOLDERS:,} folders below the URL.")

    def _counts(self, found: dict[str, Any]) -> bool:
        """A page that lists a folder links to more than files: other orders of its list, mail, places in itself."""
        inside = str(found["name"]).removeprefix(self._root).lstrip("/")
        return bool(inside) and not _NO_FILE.match(inside)

    def _ls(self, folder: str) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self._fs.ls(folder, detail=True)
        except Exception as error:
            #: With the worker's network down now another attempt may find it up.
            raise JobFailed(
                "unreachable", f"What is below the URL cannot be listed. {_why(error)}", retryable=True
            ) from error
        return [one for one in found if str(one["name"]).rstrip("/") != folder.rstrip("/")]


def _file_system(ctx: Context, scheme: str) -> Any:
    if scheme in outside.WEB_SCHEMES:
        from worker.catalogue.files.web import web  # noqa: PLC0415 - other stores do without aiohttp

        return web(ctx)
    try:
        found = fsspec.filesystem(scheme, skip_instance_cache=True)
    except (ImportError, ValueError):
        raise JobFailed("forbidden_url", f"The worker has no way to read {scheme}:// URLs.") from None
    if isinstance(found, LocalFileSystem):
        raise JobFailed("forbidden_url", "A folder is named by its path.")
    return found


def _why(error: BaseException | None) -> str:
    """Why something could not be read, in a sentence that holds nothing of what a server has said."""
    said = "The server could not be read."
    while error is not None:
        if isinstance(getattr(error, "os_error", error), outside.Forbidden):
            return f"It lies at an address that jobs may not reach; {outside.ALLOW_PRIVATE}=1 on the worker allows it."
        code = getattr(error, "status", None)
        if isinstance(code, int):
            return f"The server answered {code}."
        said = "It is not there." if isinstance(error, FileNotFoundError) and error.__cause__ is None else said
        error = error.__cause__
    return said

"""The service over HTTP, as any client speaks to it; a problem becomes a sentence."""

import contextlib
import ipaddress
import mimetypes
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from cli.errors import Refused, Unreachable, UsageError

DEFAULT_URL = "http://127.0.0.1:8000"
#: More than two heartbeats of silence: whoever was there is not there any more.
STREAM_SILENCE_SECONDS = 40.0
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)

Json = dict[str, Any]


class Service:
    """One Tailrace, at ``url``; every call raises Refused or Unreachable."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        if urlsplit(self.url).scheme not in {"http", "https"}:
            raise UsageError(f"{url} is not an address of the form http://host:port")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            #: A proxy of the environment does not know this machine's loopback.
            self._client = httpx.Client(
                base_url=self.url, headers=headers, timeout=_TIMEOUT, trust_env=not _near(self.url)
            )
        except (ValueError, httpx.InvalidURL) as error:
            raise UsageError(f"{url} is not an address ({error})") from None

    @classmethod
    def named(cls, url: str | None, token: str | None) -> "Service":
        """The one that the options, else the environment, else the default name."""
        address = url or os.environ.get("TAILRACE_URL") or DEFAULT_URL
        return cls(address, token or os.environ.get("TAILRACE_TOKEN"))

    def job_type(self, name: str) -> Json:
        """The type's catalogue entry; Refused names those that there are."""
        try:
            return self._json("GET", f"/v1/job-types/{quote(name, safe='')}")
        except Refused as error:
            if error.http != httpx.codes.NOT_FOUND:
                raise
            raise Refused(f"{error}{self._known_types()}", http=error.http) from None

    def upload(self, path: Path) -> str:
        """The id of the stored file."""
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        try:
            with path.open("rb") as file:
                headers = {"Content-Type": media_type, "Content-Length": str(os.fstat(file.fileno()).st_size)}
                stored = self._json("POST", "/v1/files", params={"name": path.name}, content=file, headers=headers)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        return str(stored["id"])

    def submit(self, body: Json, *, idempotency_key: str | None = None) -> Json:
        """The accepted job."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._json("POST", "/v1/jobs", json=body, headers=headers)

    def job(self, job_id: str) -> Json:
        """The job as it is now."""
        return self._json("GET", _path(job_id))

    def page(self, job_id: str, after: str) -> Json:
        """A page of the job's log after a cursor."""
        path, query = f"{_path(job_id)}/events", {"after": after, "limit": "1000"}
        return self._json("GET", path, params=query, headers={"Accept": "application/json"})

    def cancel(self, job_id: str, wish: Json) -> Json:
        """The job, cancelling or terminal."""
        return self._json("POST", f"{_path(job_id)}/cancel", json=wish)

    def download(self, path: str, target: Path) -> None:
        """The bytes of an artifact into a file."""
        with self._client.stream("GET", path) as response, target.open("wb") as file:
            response.raise_for_status()
            for part in response.iter_bytes():
                file.write(part)

    @contextlib.contextmanager
    def events(self, job_id: str, after: str | None) -> Iterator[httpx.Response]:
        """The open stream; the caller reads it, and meets httpx's own errors while it does."""
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})}
        timeout = httpx.Timeout(STREAM_SILENCE_SECONDS, connect=5.0)
        with self._client.stream("GET", f"{_path(job_id)}/events", headers=headers, timeout=timeout) as response:
            yield response

    def close(self) -> None:
        """Lets the connections go."""
        self._client.close()

    def _json(self, method: str, path: str, **request: Any) -> Json:
        try:
            response = self._client.request(method, path, **request)
        except httpx.TransportError as error:
            raise Unreachable(
                f"nobody answers at {self.url} ({error}). Is it running?  ./tailrace up\n"
                "Another address goes by --url or TAILRACE_URL."
            ) from None
        raise_refusal(response)
        answer: Json = response.json()
        return answer

    def _known_types(self) -> str:
        try:
            answer = self._json("GET", "/v1/job-types")
        except (Refused, Unreachable):
            return ""
        return f" There are: {', '.join(entry['name'] for entry in answer['job_types'])}."


def raise_refusal(response: httpx.Response) -> None:
    """Refused with everything that the problem says, one line per fault."""
    if response.is_success:
        return
    try:
        problem: Mapping[str, Any] = response.json()
        faults = [f"\n  {fault.get('pointer') or '/'}: {fault['detail']}" for fault in problem.get("errors") or ()]
        text = str((problem.get("title") if faults else problem.get("detail")) or "refused")
    except (ValueError, AttributeError, KeyError, TypeError):
        text, faults = f"the service answered {response.status_code}", []
    if response.status_code == httpx.codes.UNAUTHORIZED:
        text = "the service asks for its token, and this one is not it; set TAILRACE_TOKEN"
    raise Refused(text + "".join(faults), http=response.status_code)


def _path(job_id: str) -> str:
    return f"/v1/jobs/{quote(job_id, safe='')}"


def _near(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

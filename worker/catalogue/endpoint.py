"""The OpenAI-compatible endpoint that the worker's environment names: its clients and its models."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from worker.catalogue.endpoint_faults import garbled, understood
from worker.outcomes import JobFailed

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

URL_VARIABLE = "TAILRACE_OPENAI_BASE_URL"
KEY_VARIABLE = "TAILRACE_OPENAI_API_KEY"
MODEL_VARIABLE = "TAILRACE_OPENAI_MODEL"

CONNECT_SECONDS = 5.0
#: Seconds without a byte: a long prompt is read in silence, on a small machine for minutes.
SILENCE_SECONDS = 300.0
#: The list of models is at hand, or something is wrong.
LIST_SECONDS = 10.0

#: Of the names there are, so many are told to somebody who asked for another.
_NAMES_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model answers; made by :func:`endpoint`."""

    base_url: str
    #: Never told: not in a log, not in an error.
    api_key: str = field(repr=False)
    #: Which model is meant where nobody names one; the first that it lists where this is empty.
    model: str = ""

    def client(self) -> "OpenAI":
        """A client to be closed, without retries of its own: another attempt is told to those who watch."""
        from openai import OpenAI  # noqa: PLC0415 - heavy, and not for workers without an endpoint

        return OpenAI(**self._given())

    def async_client(self) -> "AsyncOpenAI":
        """As :meth:`client`, for jobs that await."""
        from openai import AsyncOpenAI  # noqa: PLC0415 - as above

        return AsyncOpenAI(**self._given())

    def check(self, model: str = "") -> str:
        """The name of the model to ask, as the endpoint has it; JobFailed ``model_unavailable`` where it has none."""
        from openai import NotFoundError  # noqa: PLC0415 - as above

        with understood(), self.client() as client:
            try:
                listed = client.models.with_raw_response.list(timeout=LIST_SECONDS).content
            except NotFoundError:
                listed = None
        return chosen(model or self.model, listed)

    async def check_async(self, client: "AsyncOpenAI", model: str = "") -> str:
        """As :meth:`check`, for jobs that await, with the client that they go on with: making one costs 40 ms."""
        from openai import NotFoundError  # noqa: PLC0415 - as above

        with understood():
            try:
                listed = (await client.models.with_raw_response.list(timeout=LIST_SECONDS)).content
            except NotFoundError:
                listed = None
        return chosen(model or self.model, listed)

    def _given(self) -> dict[str, Any]:
        from openai import Timeout  # noqa: PLC0415 - as above

        #: Local servers ask for no key, but the library insists on one.
        key = self.api_key or "none"
        timeout = Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        return {"base_url": self.base_url, "api_key": key, "timeout": timeout, "max_retries": 0}


def endpoint(env: Mapping[str, str] | None = None) -> Endpoint | None:
    """The endpoint of this worker, None where it has none; read when a job asks. JobFailed where it cannot be one."""
    given = os.environ if env is None else env
    url, key, model = (given.get(name, "").strip() for name in (URL_VARIABLE, KEY_VARIABLE, MODEL_VARIABLE))
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        raise JobFailed("misconfigured", f"{URL_VARIABLE} of the worker is no http:// or https:// address.")
    return Endpoint(base_url=url, api_key=key, model=model)


def chosen(wanted: str, listed: bytes | None) -> str:
    """The model to ask: *wanted*, or the first of those *listed* (None where the endpoint does not list them)."""
    names = None if listed is None else _names(listed)
    if names is None and wanted:
        return wanted
    if not names:
        raise JobFailed("model_unavailable", f"The endpoint lists no models; name one, or set {MODEL_VARIABLE}.")
    if not wanted:
        return names[0]
    #: What everybody calls "llama" has a whole name with Ollama.
    for name in (wanted, f"{wanted}:latest"):
        if name in names:
            return name
    raise JobFailed("model_unavailable", f"The endpoint has no model {wanted!r}. It has: {_told(names)}.")


def _names(listed: bytes) -> list[str]:
    """Ollama without any model lists null; a page of HTML is what an address without its /v1 often gives."""
    try:
        return [str(found["id"]) for found in json.loads(listed)["data"] or []]
    except (ValueError, KeyError, TypeError) as error:
        raise garbled() from error


def _told(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES_TOLD} more" if len(names) > _NAMES_TOLD else ""
    return ", ".join(sorted(names)[:_NAMES_TOLD]) + more

"""Where a model answers is the worker's own affair; which one is asked is known before any work."""

import asyncio
import json

import pytest

from tests.worker.catalogue.scripted_endpoint import Reply, failed, scripted
from worker.catalogue.endpoint import Endpoint, chosen, endpoint
from worker.outcomes import JobFailed

URL = "http://127.0.0.1:1/v1"


def at(env: dict[str, str]) -> Endpoint:
    found = endpoint(env)
    assert found is not None
    return found


def listed(names: list[str] | None) -> bytes | None:
    return None if names is None else json.dumps({"data": [{"id": name} for name in names]}).encode()


async def awaited(there: Endpoint, model: str) -> str:
    async with there.async_client() as client:
        return await there.check_async(client, model)


def test_a_worker_without_an_address_has_no_endpoint() -> None:
    assert endpoint({}) is None
    assert endpoint({"TAILRACE_OPENAI_BASE_URL": " ", "TAILRACE_OPENAI_API_KEY": "k"}) is None


def test_an_address_that_cannot_be_one_is_told_without_being_shown() -> None:
    with pytest.raises(JobFailed, match="TAILRACE_OPENAI_BASE_URL") as told:
        endpoint({"TAILRACE_OPENAI_BASE_URL": "ftp://user:secret@there"})

    assert told.value.code == "misconfigured"
    assert "secret" not in told.value.message


def test_the_key_is_shown_nowhere() -> None:
    assert "sesame" not in repr(at({"TAILRACE_OPENAI_BASE_URL": URL, "TAILRACE_OPENAI_API_KEY": "sesame"}))


@pytest.mark.parametrize(
    ("wanted", "names", "found"),
    [("", ["a", "b"], "a"), ("b", ["a", "b"], "b"), ("llama", ["llama:latest"], "llama:latest"), ("x", None, "x")],
)
def test_the_model_is_the_one_that_is_named_or_the_first(wanted: str, names: list[str] | None, found: str) -> None:
    assert chosen(wanted, listed(names)) == found


@pytest.mark.parametrize(("wanted", "names"), [("c", ["a", "b"]), ("", []), ("", None), ("c", [])])
def test_a_model_that_is_not_there_is_told_with_those_that_are(wanted: str, names: list[str] | None) -> None:
    with pytest.raises(JobFailed) as told:
        chosen(wanted, listed(names))

    assert told.value.code == "model_unavailable"
    assert not told.value.retryable
    assert all(name in told.value.message for name in names or [])


def test_of_many_models_some_are_told() -> None:
    with pytest.raises(JobFailed, match="and 480 more"):
        chosen("x", listed([f"model-{n}" for n in range(500)]))


def test_the_worker_s_own_model_is_asked_where_nobody_names_one() -> None:
    with scripted(models=["a", "b"]) as server:
        there = at({**server.env, "TAILRACE_OPENAI_MODEL": "b"})

        assert there.check() == "b"
        assert there.check("a") == "a"
        assert asyncio.run(awaited(there, "a")) == "a"


def test_an_endpoint_that_does_not_list_its_models_is_asked_for_the_one_that_is_named() -> None:
    with scripted(models=failed(404)) as server:
        assert at(server.env).check("x") == "x"
        assert asyncio.run(awaited(at(server.env), "x")) == "x"


def test_an_endpoint_that_lists_null_has_no_models() -> None:
    with pytest.raises(JobFailed, match="lists no models"):
        chosen("", b'{"object": "list", "data": null}')


def test_a_page_in_the_place_of_an_api_is_told_as_such() -> None:
    with (
        scripted(models=Reply(body=b"<html>Welcome!</html>")) as server,
        pytest.raises(JobFailed, match="address") as told,
    ):
        at(server.env).check()

    assert told.value.code == "endpoint_garbled"

"""What Flask does without what nothing here uses is what Flask does."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, after_this_request, current_app, g, request, session

from app.slim import _MOST, Slim

BOTH = pytest.mark.parametrize("kind", [Flask, Slim])


def _traced(kind: type[Flask], told: list[str]) -> Flask:
    """An application, and a blueprint in it, that tell of all that is called around a request."""
    app, part = kind("app"), Blueprint("part", __name__)

    def tell(word: str) -> Callable[..., Any]:
        def around(given: Any = None) -> Any:
            told.append(word)
            return given

        return around

    app.before_request(tell("before any"))
    part.before_request(tell("before one of the part"))
    part.after_request(tell("after one of the part"))
    app.after_request(tell("first after any"))
    app.after_request(tell("second after any"))
    app.teardown_request(tell("at the end"))

    @part.get("/part/<path:name>")
    def read(name: str) -> str:
        after_this_request(tell("after this one"))
        told.append(f"{name} {request.endpoint} {request.view_args}")
        if name == "fault":
            raise ValueError(name)
        return name

    @app.errorhandler(Exception)
    def failed(error: Exception) -> tuple[str, int]:
        told.append(type(error).__name__)
        return "failed", getattr(error, "code", None) or 500

    app.register_blueprint(part)
    return app


@pytest.mark.parametrize(
    "path", ["/part/x", "/part/fault", "/none", "/part/a/b%2Fc", "/part/%C3%A9%FF", "//part/x", "/part/x/"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_what_is_called_and_answered_is_what_flask_calls_and_answers(path: str, method: str) -> None:
    seen = []
    for kind in (Flask, Slim):
        told: list[str] = []
        answer = _traced(kind, told).test_client().open(path, method=method, headers={"Host": "somewhere:8000"})
        seen.append((answer.status, sorted(answer.headers), answer.data, told))
    assert seen[0] == seen[1]


@BOTH
def test_what_fails_after_a_request_is_an_error_like_any_other(kind: type[Flask]) -> None:
    app = kind("app")
    app.get("/")(lambda: "well")

    @app.after_request
    def broken(response: Response) -> Response:
        if response.status_code == 200:
            raise ValueError
        return response

    assert app.test_client().get("/").status_code == 500


@BOTH
def test_the_request_the_application_and_its_globals_are_there_for_as_long_as_the_request_is(kind: type[Flask]) -> None:
    app = kind("app")
    seen: list[Any] = []

    @app.get("/")
    def look() -> str:
        seen.append((request.path, current_app.name, "mine" in g))
        g.mine = True
        return ""

    for _ in range(2):
        app.test_client().get("/")
    assert seen == [("/", "app", False)] * 2
    assert not any([request, current_app, g])


@BOTH
def test_what_was_uploaded_is_closed(kind: type[Flask]) -> None:
    app = kind("app")
    seen: list[Any] = []

    @app.post("/")
    def take() -> str:
        seen.append(request.files["it"].stream)
        return ""

    app.test_client().post("/", data={"it": (io.BytesIO(b"x"), "x.txt")})
    assert seen[0].closed


def test_nothing_can_be_kept_in_a_session() -> None:
    app = Slim("app")

    @app.get("/")
    def keep() -> str:
        session["x"] = 1
        return ""

    app.testing = True
    with pytest.raises(RuntimeError, match="session"):
        app.test_client().get("/")


def test_addresses_that_differ_in_their_ids_alone_lead_where_flask_leads_them() -> None:
    """Every address twice: the second time what was found out about the first is used."""
    ids = [n * 26 for n in "ab1"]
    paths = [f"/jobs/{n}" for n in [*ids, "short", "A" * 26, ids[0] + "\n"]]
    paths += [f"/jobs/{n}/parts/{m}" for n in ids for m in [*ids, "x", "x/y", f"{ids[0]}/{ids[1]}"]]
    paths += [f"/{n}/jobs/{m}" for n in ids for m in ids] + [f"/jobs/{n}/number/7" for n in ids] + ["/jobs", "/none"]
    seen = []
    for kind in (Flask, Slim):
        app = kind("app")
        for rule in (
            "/jobs",
            "/jobs/<job>",
            "/jobs/<job>/parts/<path:part>",
            "/<a>/jobs/<b>",
            "/jobs/<c>/number/<int:d>",
        ):
            app.add_url_rule(rule, rule, lambda **given: [str(request.url_rule), str(request.endpoint), repr(given)])
        client = app.test_client()
        asked = [(client.get(path), client.post(path)) for path in [*paths, *paths]]
        seen.append([[(answer.status_code, answer.data) for answer in both] for both in asked])
    assert seen[0] == seen[1]


def test_no_more_addresses_are_remembered_than_so_many() -> None:
    app = Slim("app")
    for number in range(_MOST + 5):
        app.add_url_rule(f"/{number}", str(number), lambda: "")
    for number in range(_MOST + 5):
        assert app.test_client().get(f"/{number}").status_code == 200
    assert 0 < len(app.shapes) <= _MOST


@BOTH
def test_after_the_first_request_nothing_more_is_registered(kind: type[Flask]) -> None:
    app = kind("app")
    app.test_client().get("/")
    with pytest.raises(AssertionError):
        app.add_url_rule("/late", "late", str)

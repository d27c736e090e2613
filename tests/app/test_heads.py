"""A head that is remembered is read as gunicorn reads it, and nothing is remembered that says more than it lists."""

from collections.abc import Callable
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import base_environ
from gunicorn.util import split_request_uri
from hypothesis import given
from hypothesis import strategies as st

from app.heads import KEPT, SHORT, Head, once, split

CFG = Config()
NEAR, FAR = ("127.0.0.1", 1), ("192.0.2.1", 1)


class _Theirs(RequestParser):  # type: ignore[misc] # gunicorn has no types
    mesg_class = Request


class _Ours(RequestParser):  # type: ignore[misc] # as above
    mesg_class = Head


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    Head._known.clear()


def _read(parser: Any, data: bytes, peer: Any) -> Any:
    """All that becomes of a request, or its refusal."""
    try:
        request = next(parser(CFG, iter([data]), peer))
        body = request.body.read()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
        return type(error), str(error)
    more = request.scheme, request._expected_100_continue, request.trailers
    return request.method, request.uri, request.headers, request.should_close(), body, more


HEADS = [
    b"Host: a\r\nAccept: text/event-stream",
    b"Host: a\r\nContent-Length: 3\r\nCookie: x=1; y=2",
    b"Host: a\r\nTransfer-Encoding: chunked",
    b"Host: a\r\nX-Forwarded-Proto: https",
    b"Host: a\r\nExpect: 100-continue\r\nContent-Length: 3",
    b"Host: a\r\nConnection: close",
    b"Host: a\r\nHost: b",
    b"Host: a\r\nA_B: 1",
    b"Host: a\r\n folded: 1",
    b"no colon",
    b"Host: a\r\nX: \x01",
    b"Host: a\r\nX: " + b"y" * SHORT,
    b"\r\n".join(b"X-%d: 1" % n for n in range(CFG.limit_request_fields + 1)),
]


@pytest.mark.parametrize("peer", [NEAR, FAR])
@pytest.mark.parametrize("head", HEADS)
def test_a_head_is_read_as_gunicorn_reads_it_however_often_it_comes(head: bytes, peer: Any) -> None:
    data = b"POST /x?y HTTP/1.1\r\n" + head + b"\r\n\r\n" + (b"3\r\nabc\r\n0\r\n\r\n" if b"chunked" in head else b"abc")
    expected = _read(_Theirs, data, peer)
    assert [_read(_Ours, data, peer) for _ in range(3)] == [expected] * 3
    other = FAR if peer is NEAR else NEAR
    assert _read(_Ours, data, other) == _read(_Theirs, data, other)


def test_trailers_are_no_head() -> None:
    data = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: a\r\n\r\n"
    _read(_Ours, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", NEAR)
    assert _read(_Ours, data, NEAR) == _read(_Theirs, data, NEAR)


def test_no_more_is_remembered_than_so_many_heads() -> None:
    for n in range(KEPT * 2):
        _read(_Ours, b"GET / HTTP/1.1\r\nX: %d\r\n\r\n" % n, NEAR)
    assert len(Head._known) == KEPT


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1), st.booleans())
def test_an_address_is_split_as_gunicorn_splits_it(text: str, path: bool) -> None:
    uri = f"/{text}" if path else text
    assert _split(split(split_request_uri), uri) == _split(split_request_uri, uri)


def _split(way: Callable[[str], Any], uri: str) -> Any:
    try:
        return way(uri)
    except ValueError as error:
        return str(error)


def test_an_environment_is_made_once_and_each_request_has_its_own() -> None:
    made: list[int] = []
    base = once(lambda cfg: made.append(1) or base_environ(cfg))  # type: ignore[func-returns-value]
    first, second = base(CFG), base(CFG)
    first["mine"] = True
    assert (len(made), "mine" in second, set(second)) == (1, False, set(base_environ(CFG)))

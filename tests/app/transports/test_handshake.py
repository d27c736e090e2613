import pytest

from app.transports.handshake import HandshakeRefused, shake

HEAD = {
    "Host": "127.0.0.1",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def test_a_handshake_is_answered_as_in_the_example_of_rfc_6455() -> None:
    accepted = shake(HEAD.items())

    assert accepted.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert accepted.headers["Upgrade"] == "websocket"
    assert accepted.headers["Connection"] == "Upgrade"
    assert not accepted.deflate


@pytest.mark.parametrize(
    "offer",
    [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_max_window_bits=9",
        "permessage-deflate; server_max_window_bits=15",
        "x-unknown, permessage-deflate; server_max_window_bits=10, permessage-deflate",
    ],
)
def test_compression_is_agreed_on_without_memory_on_either_side(offer: str) -> None:
    accepted = shake({**HEAD, "Sec-WebSocket-Extensions": offer}.items())

    assert accepted.deflate
    agreed = accepted.headers["Sec-WebSocket-Extensions"]
    assert agreed.startswith("permessage-deflate; server_no_context_takeover; client_no_context_takeover")
    assert agreed.count("permessage-deflate") == 1


@pytest.mark.parametrize("offer", ["permessage-deflate; server_max_window_bits=10", "x-webkit-deflate-frame"])
def test_compression_that_would_need_frames_of_its_own_is_declined(offer: str) -> None:
    accepted = shake({**HEAD, "Sec-WebSocket-Extensions": offer}.items())

    assert not accepted.deflate
    assert "Sec-WebSocket-Extensions" not in accepted.headers


@pytest.mark.parametrize(
    ("changes", "protocol"),
    [
        ({"Connection": None}, "HTTP/1.1"),
        ({"Upgrade": "h2c"}, "HTTP/1.1"),
        ({"Sec-WebSocket-Version": "8"}, "HTTP/1.1"),
        ({"Sec-WebSocket-Version": None}, "HTTP/1.1"),
        ({}, "HTTP/1.0"),
    ],
)
def test_whoever_could_have_asked_rightly_is_told_how(changes: dict[str, str | None], protocol: str) -> None:
    head = [(name, value) for name, value in {**HEAD, **changes}.items() if value is not None]
    with pytest.raises(HandshakeRefused) as refused:
        shake(head, protocol=protocol)

    assert refused.value.upgrade


@pytest.mark.parametrize(
    "changes",
    [
        {"Sec-WebSocket-Key": None},
        {"Sec-WebSocket-Key": "c2hvcnQ="},
        {"Sec-WebSocket-Key": "é" * 3000},
        {"Sec-WebSocket-Extensions": ";;"},
    ],
)
def test_a_head_that_no_client_sends_is_refused_in_a_few_words(changes: dict[str, str | None]) -> None:
    head = [(name, value) for name, value in {**HEAD, **changes}.items() if value is not None]
    with pytest.raises(HandshakeRefused) as refused:
        shake(head)

    assert not refused.value.upgrade
    assert len(str(refused.value)) < 250

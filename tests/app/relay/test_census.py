import pytest

from app.relay.census import Census, client_of, is_loopback
from app.relay.lens import Lens
from app.relay.subscriber import Reading


def reading(job_id: str, peer: str) -> Reading:
    return Reading(job_id=job_id, after="0", lens=Lens(), peer=peer)


def test_streams_are_counted_by_client_and_forgotten_when_they_end() -> None:
    census = Census()
    open_ = [reading("a", "10.0.0.1"), reading("a", "10.0.0.2"), reading("b", "10.0.0.1")]
    for each in open_:
        census.enter(each)
    assert (census.clients["10.0.0.1"], census.clients["10.0.0.2"]) == (2, 1)

    for each in open_:
        census.leave(each)
    assert not census.clients


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "::ffff:10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("no address", "no address", True),
    ],
)
def test_one_client_is_an_ipv4_address_or_an_ipv6_network(one: str, other: str, same: bool) -> None:
    assert (client_of(one) == client_of(other)) is same


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("", True),
        ("10.0.0.1", False),
        ("2001:db8::1", False),
    ],
)
def test_what_this_machine_calls_itself_is_loopback_and_a_unix_socket_is(address: str, here: bool) -> None:
    assert is_loopback(address) is here

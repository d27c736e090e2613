from typing import Any

import pytest
import redis

from jobs.scripts import Call, InTurn, OneServer
from tests.jobs.conftest import Clients

COUNT = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
JOIN = "return table.concat(KEYS, ' ') .. '; ' .. table.concat(ARGV, ' ')"
KINDS = """
local found = {#ARGV}
for i, word in ipairs(ARGV) do found[i + 1] = type(word) end
return found
"""


def test_each_of_several_scripts_has_keys_and_words_of_its_own(redis_url: str, clients: Clients) -> None:
    script = InTurn(clients(redis_url), JOIN, COUNT, JOIN)

    assert script((["{a}1", "{a}2"], ["x"]), (["{a}3"], [5]), ([], ["y", "z"])) == [b"{a}1 {a}2; x", 5, b"; y z"]


def test_words_come_as_what_they_are(redis_url: str, clients: Clients) -> None:
    script = InTurn(clients(redis_url), KINDS, "return ARGV[2] .. '-' .. ARGV[1]")
    kinds, joined = script(([], ["ä", b"\xff", 7, ["a"], {"t": True}]), ([], [1_764_280_000_123, b'{"a": 1}']))

    assert kinds == [5, b"string", b"string", b"number", b"table", b"table"]
    assert joined == b'{"a": 1}-1764280000123'


@pytest.mark.parametrize("length", [0, 31, 32, 255, 256, 65_536, 300_000])
def test_words_of_any_length_arrive(redis_url: str, clients: Clients, length: int) -> None:
    script = InTurn(clients(redis_url), "return {#ARGV[1], ARGV[2]}")

    assert script(([], ["\0" * length, b"\xff" * length])) == [[length, b"\xff" * length]]


def test_a_number_is_the_same_as_one_that_was_sent_as_text(redis_url: str, clients: Clients) -> None:
    """The last place of a queue there is, in milliseconds of the year 2100."""
    client = clients(redis_url)
    score = 9 * 10**13 + 4_102_444_800_123
    InTurn(client, "redis.call('ZADD', KEYS[1], ARGV[1], 'a')")((["places"], [score]))

    assert client.zscore("places", "a") == score


def test_behind_a_script_that_fails_none_is_begun(redis_url: str, clients: Clients) -> None:
    client = clients(redis_url)
    client.set("words", "no number")
    with pytest.raises(redis.ResponseError, match="integer"):
        InTurn(client, COUNT, COUNT)((["words"], [1]), (["count"], [1]))

    assert client.get("count") is None


@pytest.mark.parametrize("refusal", ["return 0", "return {0, 'why'}"])
def test_behind_a_script_that_refuses_none_is_begun(redis_url: str, clients: Clients, refusal: str) -> None:
    client = clients(redis_url)
    found = InTurn(client, COUNT, refusal, COUNT)((["first"], [1]), ([], []), (["second"], [1]))

    assert found in ([1, 0], [1, [0, b"why"]])
    assert client.get("first") == b"1"
    assert client.get("second") is None


class Crossing(InTurn):
    """As of a server that has other keys of the call than these."""

    def __call__(self, *_: Call) -> list[Any]:
        raise redis.exceptions.ClusterCrossSlotError("Keys in request don't hash to the same slot")


def test_a_server_that_does_not_have_all_keys_is_asked_once(redis_url: str, clients: Clients) -> None:
    client = clients(redis_url)
    server, call = OneServer(client), (["count"], [1])

    assert server.ask(InTurn(client, COUNT), call) == [1]
    assert server.ask(Crossing(client, COUNT), call) is None
    assert server.ask(InTurn(client, COUNT), call) is None
    assert client.get("count") == b"1"

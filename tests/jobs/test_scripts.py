import pytest
import redis

from jobs.scripts import in_turn, together
from tests.jobs.conftest import Clients

COUNT = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
JOIN = "return table.concat(KEYS, ' ') .. '; ' .. table.concat(ARGV, ' ')"


def test_each_of_several_scripts_has_keys_and_words_of_its_own(redis_url: str, clients: Clients) -> None:
    script = clients(redis_url).register_script(in_turn(JOIN, COUNT, JOIN))
    calls = together((["{a}1", "{a}2"], ["x"]), (["{a}3"], [5]), ([], ["y", "z"]))

    assert script(*calls) == [b"{a}1 {a}2; x", 5, b"; y z"]


def test_behind_a_script_that_fails_none_is_begun(redis_url: str, clients: Clients) -> None:
    client = clients(redis_url)
    client.set("words", "no number")
    script = client.register_script(in_turn(COUNT, COUNT))
    with pytest.raises(redis.ResponseError, match="integer"):
        script(*together((["words"], [1]), (["count"], [1])))

    assert client.get("count") is None


@pytest.mark.parametrize("refusal", ["return 0", "return {0, 'why'}"])
def test_behind_a_script_that_refuses_none_is_begun(redis_url: str, clients: Clients, refusal: str) -> None:
    client = clients(redis_url)
    script = client.register_script(in_turn(COUNT, refusal, COUNT))
    found = script(*together((["first"], [1]), ([], []), (["second"], [1])))

    assert found in ([1, 0], [1, [0, b"why"]])
    assert client.get("first") == b"1"
    assert client.get("second") is None

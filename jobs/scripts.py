"""Several scripts of Redis as one, where one server has all their keys: one exchange, and no crash between two of them.

In a cluster a job's log has a slot of its own, and no script may have keys of two. There each step is a call of its
own, and the sweep mends what a crash leaves between two of them.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import redis

from jobs.cluster import Cluster
from jobs.redis_log import available

#: The keys and the words of one script.
Call = tuple[Sequence[str], Sequence[Any]]

#: in_turn(<the keys of each>; for each how many keys it has and its words, as MessagePack)
_RUN = """
local found, key, calls = {}, 0, cmsgpack.unpack(ARGV[1])
local function run(n, script)
  local count, words = unpack(calls[n])
  local answer = script({unpack(KEYS, key + 1, key + count)}, words)
  key, found[n] = key + count, answer
  if type(answer) == 'table' then answer = answer[1] end
  return answer == 0
end
"""


class InTurn:
    """The scripts *texts* as one that runs them one after the other, and none behind one that fails or refuses.

    To refuse is to answer 0, or a list that begins with it. Each has keys and words of its own; a number among these
    comes as one, and a list as a table.
    """

    def __init__(self, client: redis.Redis, *texts: str) -> None:
        runs = (
            f"if run({n}, function(KEYS, ARGV)\n{text}\nend) then return found end\n" for n, text in enumerate(texts, 1)
        )
        self._script = client.register_script(_RUN + "".join(runs) + "return found")

    def __call__(self, *calls: Call) -> list[Any]:
        """The answer of each that ran. May raise LogUnavailable."""
        told = [(len(keys), [_text(w) if type(w) is bytes else w for w in words]) for keys, words in calls]
        with available():
            return list(self._script([key for keys, _ in calls for key in keys], [msgspec.msgpack.encode(told)]))


def _text(word: bytes) -> msgspec.Raw:
    """As a text of whatever bytes: Redis reads MessagePack of before it had a word for bytes."""
    return msgspec.Raw(b"\xdb" + len(word).to_bytes(4) + word)


class OneServer:
    """Whether one server has the keys of all: where that is not so it shows at the first try."""

    def __init__(self, client: redis.Redis) -> None:
        self._possible = not isinstance(client, Cluster)

    def ask(self, script: InTurn, *calls: Call) -> list[Any] | None:
        """What *script* answers; None where the steps have to be made one by one. May raise LogUnavailable."""
        if self._possible:
            try:
                return script(*calls)
            except redis.exceptions.ClusterCrossSlotError:
                self._possible = False
        return None

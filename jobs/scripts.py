"""Several scripts of Redis as one: one exchange instead of one for each, and no crash between two of them."""

from collections.abc import Sequence
from typing import Any

#: in_turn(<the keys of each>; how many keys and words script 1 has, script 2, ..., <the words of each>)
_RUN = """
local found, key, word = {}, 0, %d
local function run(n, script)
  local keys, words = {}, {}
  for i = 1, ARGV[2 * n - 1] do keys[i] = KEYS[key + i] end
  for i = 1, ARGV[2 * n] do words[i] = ARGV[word + i] end
  key, word = key + #keys, word + #words
  local answer = script(keys, words)
  found[n] = answer
  if type(answer) == 'table' then answer = answer[1] end
  return answer == 0
end
"""


def in_turn(*texts: str) -> str:
    """The scripts *texts* as one that runs them one after the other, and none behind one that fails or refuses.

    To refuse is to answer 0, or a list that begins with it. It returns the answer of each that ran; its keys and words
    are those of each, put together by :func:`together`.
    """
    runs = (
        f"if run({n}, function(KEYS, ARGV)\n{text}\nend) then return found end\n" for n, text in enumerate(texts, 1)
    )
    return _RUN % (2 * len(texts)) + "".join(runs) + "return found"


def together(*calls: tuple[Sequence[str], Sequence[Any]]) -> tuple[list[str], list[Any]]:
    """The keys and words of one call, from those of each script."""
    counts = [count for keys, words in calls for count in (len(keys), len(words))]
    return [key for keys, _ in calls for key in keys], [*counts, *(word for _, words in calls for word in words)]

"""A model of words and what follows them: counts of n-grams, mixed as Witten and Bell have it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.lm.models import WittenBellInterpolated

#: What NLTK calls a frequency distribution.
Counts = Mapping[str, int]

#: A token is a word, a mark or the end of a paragraph, with the blank before it: joined, they are the text again.
_TOKEN = re.compile(r"\n\n| ?\w+(?:[’'-]\w+)*| ?[^\w\s]")
Grams = Iterable[tuple[str, ...]]
Watched = Callable[[Grams, int], Grams]
#: Words that a token is made from: three before it and itself.
ORDER = 4


def tokens(text: str) -> list[str]:
    """*text* as the model sees it: every run of blanks is one, every empty line ends a paragraph."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text))
    return _TOKEN.findall("\n\n".join(paragraph for paragraph in paragraphs if paragraph))


class Model:
    """Learns from text, then says what follows."""

    def __init__(self, learned: "WittenBellInterpolated") -> None:
        self._learned = learned

    @property
    def words(self) -> int:
        """How many different tokens it knows."""
        return len(self._learned.vocab) - 1  # one stands for all that it does not know

    def next(self, before: Sequence[str], chance: Random, *, temperature: float, top_p: float) -> str:
        """A token that follows *before*; at temperature 0 the likeliest after the longest context that it knows."""
        context = tuple(self._learned.vocab.lookup(before[1 - ORDER :]))
        while not self._stays(context, chance, temperature):
            context = context[1:]
        return _drawn(self._learned.context_counts(context), chance, temperature, top_p)

    def _stays(self, context: tuple[str, ...], chance: Random, temperature: float) -> bool:
        """Whether the token is to be one that has followed *context*, or one that follows what is shorter.

        The share of the shorter one is what the mixture gives it: more where much that is different has followed.
        """
        if not context:
            return True
        if not self._learned.context_counts(context):
            return False
        if temperature == 0:
            return True
        shorter: float = self._learned.estimator.alpha_gamma("", context)[1]
        return chance.random() >= shorter


def learn(words: Sequence[str], watched: Watched = lambda grams, _total: grams) -> Model:
    """What *words*, as tokens, teach; *watched* is given all that is counted and how many that are, and gives it on."""
    from nltk.lm import NgramCounter, Vocabulary  # noqa: PLC0415 - heavy: it comes with all of NLTK
    from nltk.lm.models import WittenBellInterpolated  # noqa: PLC0415 - as above
    from nltk.util import everygrams  # noqa: PLC0415 - as above

    grams = watched(everygrams(words, max_len=ORDER), ORDER * len(words))
    learned = WittenBellInterpolated(ORDER, vocabulary=Vocabulary(words), counter=NgramCounter([grams]))
    return Model(learned)


def _drawn(counts: Counts, chance: Random, temperature: float, top_p: float) -> str:
    """One of what *counts* has; the likeliest that make up *top_p*, sharpened or flattened by *temperature*."""
    #: Sorted by name too: what is equally likely must not depend on what came first.
    likeliest = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    if temperature == 0:
        return likeliest[0][0]
    #: Shares of the likeliest: a power of a count itself would leave the range of floats.
    weights = [(count / likeliest[0][1]) ** (1 / temperature) for _, count in likeliest]
    sums = list(accumulate(weights))
    kept = next(place for place, total in enumerate(sums, 1) if total >= top_p * sums[-1])
    return chance.choices([word for word, _ in likeliest[:kept]], cum_weights=sums[:kept])[0]

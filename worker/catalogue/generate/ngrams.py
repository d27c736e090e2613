"""A model of words and what follows them: counts of n-grams, mixed as Witten and Bell have it."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from random import Random

#: Words that a token is made from: three before it and itself.
ORDER = 4
#: A token is a word, a mark or the end of a paragraph, with the blank before it: joined, they are the text again.
_TOKEN = re.compile(r"\n\n| ?\w+(?:[’'-]\w+)*| ?[^\w\s]")
#: No blank follows these.
_OPENING = ("\n", "\N{LEFT SINGLE QUOTATION MARK}", "\N{LEFT DOUBLE QUOTATION MARK}", "(", "[")

#: Gives on what it is given, and sees how much of it has gone by.
Watched = Callable[[Sequence[str]], Iterable[str]]


def tokens(text: str) -> list[str]:
    """*text* as the model sees it: every run of blanks is one, every empty line ends a paragraph."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text))
    return _TOKEN.findall("\n\n".join(paragraph for paragraph in paragraphs if paragraph))


class Model:
    """What was learned of a text; made by :func:`learn`."""

    def __init__(self) -> None:
        self._following: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        #: What may come anywhere: behind an opening mark, and elsewhere.
        self._anywhere = {True: Counter[str](), False: Counter[str]()}

    @property
    def words(self) -> int:
        """How many different tokens it knows."""
        return len(self._anywhere[True]) + len(self._anywhere[False])

    def count(self, before: Sequence[str], word: str) -> None:
        """*word* has followed *before*, its last words and fewer of them."""
        self._anywhere[_opens(word)][word] += 1
        for first in range(len(before)):
            self._following[tuple(before[first:])][word] += 1

    def next(self, before: Sequence[str], chance: Random, *, temperature: float, top_p: float) -> str:
        """A token that follows *before*; at temperature 0 the likeliest after the longest context that it knows."""
        context = tuple(before[1 - ORDER :])
        while context and not self._stays(context, chance, temperature):
            context = context[1:]
        fresh = not before or before[-1].endswith(_OPENING)
        counts = self._following[context] if context else self._anywhere[fresh]
        return _drawn(counts, chance, temperature, top_p)

    def _stays(self, context: tuple[str, ...], chance: Random, temperature: float) -> bool:
        """Whether the token is to be one that has followed *context*, or one that follows what is shorter.

        The share of the shorter one is what the mixture gives it: more where much that is different has followed.
        """
        if context not in self._following:
            return False
        if temperature == 0:
            return True
        counts = self._following[context]
        return chance.random() >= len(counts) / (len(counts) + counts.total())


def learn(words: Sequence[str], watched: Watched = iter) -> Model:
    """What *words*, as tokens, teach."""
    model = Model()
    for place, word in enumerate(watched(words)):
        model.count(words[max(0, place + 1 - ORDER) : place], word)
    return model


def _opens(word: str) -> bool:
    """Whether it stands behind an opening mark: elsewhere a word or such a mark has a blank before it."""
    return word[0].isalnum() or word in _OPENING


def _drawn(counts: Counter[str], chance: Random, temperature: float, top_p: float) -> str:
    """One of what *counts* has; the likeliest that make up *top_p*, sharpened or flattened by *temperature*."""
    likeliest = counts.most_common()
    if temperature == 0:
        return likeliest[0][0]
    #: Shares of the likeliest: a power of a count itself would leave the range of floats.
    weights = [(count / likeliest[0][1]) ** (1 / temperature) for _, count in likeliest]
    sums = list(accumulate(weights))
    kept = next(place for place, total in enumerate(sums, 1) if total >= top_p * sums[-1])
    return chance.choices([word for word, _ in likeliest[:kept]], cum_weights=sums[:kept])[0]

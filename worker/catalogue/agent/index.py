"""Search in the documents: BM25 over their passages."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import bm25s
import numpy as np

from worker.catalogue.agent.passages import Passage
from worker.catalogue.agent.words import STOPWORDS, telling, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage that fits, and how well."""

    passage: Passage
    score: float


class Index:
    """The passages of all documents, searched together."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        split = [(passage, found) for passage in passages if (found := _indexed(passage.text))]
        self._passages = [passage for passage, _ in split]
        #: It would tell the worker's log of every index.
        logging.getLogger("bm25s").setLevel(logging.WARNING)
        self._ranks = bm25s.BM25()
        if split:
            self._ranks.index([found for _, found in split], show_progress=False)

    def search(self, question: str, most: int) -> list[Hit]:
        """The best passages, best first; those without a word of the question are none."""
        asked = telling(question)
        known = [word for word in asked if self._passages and word in self._ranks.vocab_dict]
        if not known:
            return []
        scores = self._ranks.get_scores(known)
        order = np.argsort(-scores, kind="stable")[:most]
        return [Hit(passage=self._passages[n], score=float(scores[n])) for n in order if scores[n] > 0]


def _indexed(text: str) -> list[str]:
    return [word for word in words(text) if word not in STOPWORDS]

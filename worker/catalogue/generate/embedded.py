"""The model for workers without an endpoint: small, taught at its first use, and no language model."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from random import Random

from worker.catalogue.generate.answer import Ending, Piece
from worker.catalogue.generate.ngrams import Model, learn, tokens
from worker.catalogue.generate.params import Params
from worker.catalogue.generate.stops import Stops
from worker.context import Context
from worker.steps import Step

#: In the public domain; examples/data/README.md says where it comes from.
TEXT = Path(__file__).parents[3] / "examples" / "data" / "alice.txt"
NAME = "alice-4-grams"
NOTE = (
    "Written by a small n-gram model that has read one book, Alice's Adventures in Wonderland: it strings together"
    " words that stood together there, and understands nothing. For a language model set TAILRACE_OPENAI_BASE_URL."
)
TEMPERATURE = 0.8

#: What this process has learned: once, for the same text teaches the same.
_learned: dict[Path, Model] = {}


def taught(ctx: Context, step: Step) -> Model:
    """The model, which learns where this process has none yet."""
    if TEXT not in _learned:
        words = tokens(TEXT.read_text("utf-8"))
        _learned[TEXT] = learn(words, lambda given: step.track(given, unit="words"))
        ctx.log(f"Learned from {TEXT.name}", tokens=len(words), different=_learned[TEXT].words)
    return _learned[TEXT]


class Embedded:
    """One answer of it: it goes on from the prompt, or from the last turn of a chat."""

    name = "embedded"

    def __init__(self, model: Model, params: Params, *, most: int, seed: int) -> None:
        self._model, self._most = model, most
        self._words = tokens(params.turns()[-1].content)
        self._stops, self._chance = Stops(params.stop), Random(seed)  # noqa: S311 - chance in a text guards no secret
        self._temperature = TEMPERATURE if params.temperature is None else params.temperature
        self._top_p = 1.0 if params.top_p is None else params.top_p
        self.ending = Ending(model=NAME, prompt_tokens=len(self._words), completion_tokens=0, seed=seed)

    async def pieces(self) -> AsyncGenerator[Piece]:
        """Each await is a cancel point, though nothing is waited for."""
        for written in range(1, self._most + 1):
            word = self._next()
            self.ending.completion_tokens = written
            yield Piece(text=self._stops.through(word))
            if self._stops.met:
                break
            await asyncio.sleep(0)
        yield Piece(text=self._stops.rest())
        self.ending.finish_reason = "stop" if self._stops.met else "length"

    def _next(self) -> str:
        word = self._model.next(self._words, self._chance, temperature=self._temperature, top_p=self._top_p)
        self._words.append(word)
        return word

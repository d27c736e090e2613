"""An answer told as it comes: its text, what the model thinks, how much there is and how fast it comes."""

import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from worker.catalogue.generate.answer import Ending, Piece, Source
from worker.context import Context
from worker.steps import Step

#: Seconds between two measurements at least.
METRIC_SECONDS = 0.5
#: Characters of an answer at most: an endpoint that does not heed the limit of tokens is heard no longer.
MOST_CHARACTERS = 500_000


class Telling:
    """Of one answer, of *most* tokens."""

    def __init__(self, ctx: Context, step: Step, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._ctx, self._step, self._most, self._now = ctx, step, most, now
        self._began = now()
        self._first = self._measured = 0.0
        self._characters = 0
        self._tokens = 0
        #: The pieces of each output.
        self.outputs: dict[str, list[str]] = {}

    async def all_of(self, source: Source) -> None:
        """Up to its end, or to where it is too long; whatever works on it at the source is freed at once."""
        async with aclosing(source.pieces()) as pieces:
            async for piece in pieces:
                self._piece(piece)
                if self._characters >= MOST_CHARACTERS:
                    source.ending.finish_reason = "length"
                    break
        self._measure(source.ending)

    def _piece(self, piece: Piece) -> None:
        if not piece.text and not piece.thinking:
            return
        self._tokens += 1
        self._characters += len(piece.text) + len(piece.thinking)
        self._write("thinking", piece.thinking)
        self._write("text", piece.text)
        self._step.progress(done=min(self._tokens, self._most), total=self._most, unit="tokens")
        if self._tokens == 1:
            self._first = self._measured = self._now()
            self._ctx.metric("first_token", self._first - self._began, unit="s")
        elif self._now() - self._measured >= METRIC_SECONDS:
            self._measured = self._now()
            self._speed(self._tokens)

    def _write(self, name: str, text: str) -> None:
        if text:
            self.outputs.setdefault(name, []).append(text)
            self._ctx.output(name).write(text)

    def _measure(self, ending: Ending) -> None:
        """What the source has counted, or where it does not say, the pieces that came."""
        if ending.completion_tokens is None:
            ending.completion_tokens = self._tokens
        #: Once: how many there are so far the step's progress says, and a curve of them over themselves is a diagonal.
        self._ctx.metric("tokens", ending.completion_tokens)
        self._speed(ending.completion_tokens)
        if ending.prompt_tokens is not None:
            self._ctx.metric("prompt_tokens", ending.prompt_tokens)

    def _speed(self, tokens: int) -> None:
        """Of those after the first, over how many there are; how long the first took is told by itself."""
        seconds = self._now() - self._first
        if tokens > 1 and seconds > 0:
            self._ctx.metric("tokens_per_second", round((tokens - 1) / seconds, 2), step=tokens, unit="tokens/s")


def result_of(source: Source, **more: Any) -> dict[str, Any]:
    """The same for the same text: how fast it came is told by the metrics."""
    ending = source.ending
    prompt, completion = ending.prompt_tokens, ending.completion_tokens or 0
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": (prompt or 0) + completion}
    told = {"model": ending.model, "source": source.name, "finish_reason": ending.finish_reason, "usage": usage}
    return {**told, "seed": ending.seed, **more}

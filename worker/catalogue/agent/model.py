"""The planner that is a language model behind an OpenAI-compatible endpoint: it plans by calling tools."""

import json
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from worker.catalogue.agent import prompts
from worker.catalogue.agent.assembly import Assembly
from worker.catalogue.agent.budget import Budget
from worker.catalogue.agent.limits import ANSWER_TOKENS, TURN_TOKENS
from worker.catalogue.agent.planner import Write
from worker.catalogue.agent.records import Turn
from worker.catalogue.agent.story import Story
from worker.catalogue.endpoint import CONNECT_SECONDS, SILENCE_SECONDS, Endpoint
from worker.catalogue.endpoint_faults import understood
from worker.context import Context
from worker.outcomes import JobFailed

if TYPE_CHECKING:
    from openai import OpenAI, Stream
    from openai.types.chat import ChatCompletionChunk

#: Characters of a token, about: used where the endpoint does not count, and to see ahead.
_TOKEN_CHARS = 4
_PLAN_TOKENS = 400


@dataclass(frozen=True, kw_only=True)
class Model:
    """Asks *name* at *endpoint*; each turn is one request, closed at its end however that comes."""

    ctx: Context
    endpoint: Endpoint
    name: str

    def plan(self, story: Story, budget: Budget, write: Write) -> Turn:
        """A few lines."""
        return self._ask(prompts.to_plan(story), {}, budget, write, _PLAN_TOKENS)

    def next(self, story: Story, budget: Budget, write: Write) -> Turn:
        """Calls of tools, or an answer right away."""
        given = {"tools": prompts.tools_of(story.inventory)}
        return self._ask(prompts.to_go_on(story), given, budget, write, TURN_TOKENS)

    def answer(self, story: Story, budget: Budget, write: Write) -> Turn:
        """The answer; the tools are named since the talk so far has called them, and cannot be called any more."""
        given = {"tools": prompts.tools_of(story.inventory), "tool_choice": "none"}
        return self._ask(prompts.to_answer(story), given, budget, write, TURN_TOKENS)

    @cached_property
    def _client(self) -> "OpenAI":
        """One for the run: making it costs more than most requests."""
        client = self.endpoint.client()
        self.ctx.cleanup(client.close)
        return client

    def cost(self, story: Story) -> int:
        """What is sent, for a turn and again for the answer, and the least that is written."""
        return 2 * estimated(prompts.to_answer(story), prompts.tools_of(story.inventory)) + ANSWER_TOKENS

    def _ask(self, talk: prompts.Messages, given: dict[str, Any], budget: Budget, write: Write, most: int) -> Turn:
        sent = estimated(talk, given)
        began, assembly = time.monotonic(), Assembly()
        allowed = max(1, min(most, budget.tokens_left - sent))
        given = {"model": self.name, "messages": talk, **given}
        cut = self._stream(given, allowed, assembly, write, began + budget.seconds_left)
        return Turn(
            text=assembly.text,
            calls=[] if cut else assembly.calls,
            tokens=sent + _tokens(assembly) if assembly.tokens is None else assembly.tokens,
            seconds=round(time.monotonic() - began, 3),
            cut=cut,
        )

    def _stream(self, given: dict[str, Any], most: int, assembly: Assembly, write: Write, until: float) -> bool:
        """Whether the time was up before the turn had ended."""
        from openai import APITimeoutError, Timeout  # noqa: PLC0415 - heavy, and not for workers without an endpoint

        #: An endpoint that falls silent must not outlast the budget either.
        silence = min(SILENCE_SECONDS, max(0.1, until - time.monotonic()))
        options = {
            "stream": True,
            "stream_options": {"include_usage": True},
            "timeout": Timeout(silence, connect=CONNECT_SECONDS),
        }
        with understood():
            try:
                with _asked(self._client, most, {**given, **options}) as stream:
                    for chunk in stream:
                        self.ctx.raise_if_cancelled()
                        write(assembly.add(chunk))
                        if time.monotonic() > until:
                            return True
            except APITimeoutError:
                if time.monotonic() <= until:
                    raise
                return True
        if not assembly.whole:
            raise JobFailed("connection_lost", "The endpoint's turn broke off.", retryable=True)
        return False


def _asked(client: "OpenAI", most: int, given: dict[str, Any]) -> "Stream[ChatCompletionChunk]":
    """Models that reason call the limit by another name, which others do not know."""
    from openai import BadRequestError  # noqa: PLC0415 - as above

    try:
        stream: Stream[ChatCompletionChunk] = client.chat.completions.create(**given, max_tokens=most)
    except BadRequestError as error:
        if error.param != "max_tokens":
            raise
        stream = client.chat.completions.create(**given, max_completion_tokens=most)
    return stream


def estimated(*sent: Any) -> int:
    """About how many tokens something is that goes over the wire."""
    return len(json.dumps(sent, ensure_ascii=False)) // _TOKEN_CHARS


def _tokens(assembly: Assembly) -> int:
    said = sum(len(call.tool) + len(str(call.arguments)) for call in assembly.calls)
    return (len(assembly.text) + said) // _TOKEN_CHARS

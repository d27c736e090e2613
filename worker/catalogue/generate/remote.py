"""The answer of a model behind an OpenAI-compatible endpoint, as it comes."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from worker.catalogue.endpoint_faults import understood
from worker.catalogue.generate.answer import Ending, Piece
from worker.catalogue.generate.params import Params
from worker.outcomes import JobFailed

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk

#: What the reasoning of a model is called: by llama.cpp, vLLM and DeepSeek; by Ollama and OpenRouter.
_THINKING = ("reasoning_content", "reasoning")


class Remote:
    """One request. It is closed with its connection, at which the endpoint stops working on it."""

    name = "endpoint"

    def __init__(self, client: "AsyncOpenAI", model: str, params: Params, *, most: int) -> None:
        self._client, self._params, self._most = client, params, most
        self.ending = Ending(model=model, seed=params.seed)

    async def pieces(self) -> AsyncGenerator[Piece]:
        """JobFailed ``connection_lost``, to be retried, where it breaks off before its end."""
        with understood():
            stream = await self._asked()
        with understood(midway=True):
            async with stream:
                async for chunk in stream:
                    yield self._piece(chunk)
        if not self.ending.finish_reason:
            raise JobFailed("connection_lost", "The endpoint's answer broke off.", retryable=True)

    async def _asked(self) -> "AsyncStream[ChatCompletionChunk]":
        """Models that reason call the limit by another name, which others do not know."""
        from openai import BadRequestError  # noqa: PLC0415 - heavy, and not for workers without an endpoint

        create: Callable[..., Awaitable[AsyncStream[ChatCompletionChunk]]] = self._client.chat.completions.create
        try:
            return await create(**self._request("max_tokens"))
        except BadRequestError as error:
            if error.param != "max_tokens":
                raise
        return await create(**self._request("max_completion_tokens"))

    def _request(self, limit: str) -> dict[str, Any]:
        chosen = self._params.model_dump(include={"temperature", "top_p", "seed"}, exclude_none=True)
        if self._params.stop:
            chosen["stop"] = self._params.stop
        messages = [turn.model_dump() for turn in self._params.turns()]
        told = {"model": self.ending.model, "messages": messages, limit: self._most, **chosen}
        return {**told, "stream": True, "stream_options": {"include_usage": True}}

    def _piece(self, chunk: "ChatCompletionChunk") -> Piece:
        if chunk.usage is not None:
            self.ending.prompt_tokens = chunk.usage.prompt_tokens
            self.ending.completion_tokens = chunk.usage.completion_tokens
        if not chunk.choices:  # the last chunk, which has the usage
            return Piece()
        choice = chunk.choices[0]
        self.ending.finish_reason = choice.finish_reason or self.ending.finish_reason
        thinking = next((found for name in _THINKING if (found := getattr(choice.delta, name, None))), "")
        return Piece(text=choice.delta.content or "", thinking=str(thinking))

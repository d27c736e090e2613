"""The job itself: where the text comes from, and that what was written once is not written again."""

from contextlib import AsyncExitStack
from secrets import randbelow
from typing import Any

from worker.backoff import Backoff
from worker.catalogue.endpoint import Endpoint, endpoint
from worker.catalogue.generate.answer import Source
from worker.catalogue.generate.embedded import NAME, NOTE, Embedded, taught
from worker.catalogue.generate.params import Params
from worker.catalogue.generate.remote import Remote
from worker.catalogue.generate.telling import Telling, result_of
from worker.catalogue.loading import load
from worker.context import Context
from worker.job import job
from worker.outcomes import JobFailed

#: From this degradation level of the service on a text is of so many tokens at most.
BASIC_LEVEL, BASIC_TOKENS = 3, 64
#: A text of more characters is written anew by a run that comes after its end; what is kept is bounded.
KEPT_CHARACTERS = 150_000


@job(
    "generate",
    title="Generate text",
    description="Writes text with a language model, token by token: a prompt is gone on from, or a chat answered.",
    params=Params,
    example={"prompt": "Alice was", "max_tokens": 120, "seed": 7},
    timeout_seconds=3600,
    max_attempts=5,
    backoff=Backoff(first_seconds=1, factor=2, longest_seconds=60),
    steps={"check": ("Ask for the model", 1), "learn": ("Learn", 2), "generate": ("Write", 17)},
)
async def generate(ctx: Context, params: Params) -> dict[str, Any]:
    """Write text."""
    kept = ctx.saved("answer")
    if kept is not None:
        return _told_again(ctx, **kept)
    most = _most(ctx, params)
    at = endpoint()
    async with AsyncExitStack() as held:
        source = _embedded(ctx, params, most) if at is None else await _remote(ctx, at, params, most, held)
        return await _written(ctx, source, params, most)


async def _written(ctx: Context, source: Source, params: Params, most: int) -> dict[str, Any]:
    with ctx.step("generate") as step:
        telling = Telling(ctx, step, most)
        await telling.all_of(source)
        result = result_of(source, basic=most < params.max_tokens)
        _keep(ctx, telling.outputs, result)
        step.summary(f"{result['usage']['completion_tokens']} tokens of {result['model']}")
    return result


def _most(ctx: Context, params: Params) -> int:
    if ctx.load < BASIC_LEVEL or params.max_tokens <= BASIC_TOKENS:
        return params.max_tokens
    ctx.log(f"The service is busy: this is the basic version, of at most {BASIC_TOKENS} tokens.", level="warning")
    return BASIC_TOKENS


async def _remote(ctx: Context, at: Endpoint, params: Params, most: int, held: AsyncExitStack) -> Source:
    """One client for both requests, closed with *held*."""
    with ctx.step("check") as step:
        load(ctx, "openai")
        client = await held.enter_async_context(at.async_client())
        model = await at.check_async(client, params.model)
        step.summary(f"The endpoint has {model}.")
    ctx.skip_step("learn", "The endpoint's models have learned already.")
    return Remote(client, model, params, most=most)


def _embedded(ctx: Context, params: Params, most: int) -> Source:
    with ctx.step("check") as step:
        if params.model not in ("", NAME):
            raise JobFailed("model_unavailable", f"There is no model {params.model!r}: the worker has no endpoint.")
        ctx.log(NOTE)
        ctx.output("note").write(NOTE)
        step.summary("The worker has no endpoint; it has a small model of its own.")
    with ctx.step("learn") as step:
        model = taught(ctx, step)
        step.summary(f"{model.words} different words and marks")
    return Embedded(model, params, most=most, seed=_seed(ctx, params))


def _seed(ctx: Context, params: Params) -> int:
    """One that nobody has given is drawn once: a run that comes after a crash writes the same text."""
    if params.seed is not None:
        return params.seed
    seed: int = ctx.saved("seed", randbelow(2**31))
    ctx.save("seed", seed)
    return seed


def _keep(ctx: Context, outputs: dict[str, list[str]], result: dict[str, Any]) -> None:
    whole = {name: "".join(pieces) for name, pieces in outputs.items()}
    if sum(map(len, whole.values())) <= KEPT_CHARACTERS:
        ctx.save("answer", {"outputs": whole, "result": result})
    ctx.artifact("text.txt", whole.get("text", ""))


def _told_again(ctx: Context, outputs: dict[str, str], result: dict[str, Any]) -> dict[str, Any]:
    for name in ("check", "learn"):
        ctx.skip_step(name, "An earlier run has written the text.")
    with ctx.step("generate") as step:
        for name, text in outputs.items():
            ctx.output(name).write(text)
        ctx.metric("tokens", result["usage"]["completion_tokens"])
        ctx.artifact("text.txt", outputs.get("text", ""))
        step.summary("An earlier run has written it.")
    return result

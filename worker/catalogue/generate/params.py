"""What somebody asks a model for: a prompt or a chat, and how to sample."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: Together with the rest this stays below what a request may be.
PROMPT_CHARACTERS = 50_000
MOST_TOKENS = 32_768

Stop = Annotated[str, Field(min_length=1, max_length=100)]


class Turn(BaseModel):
    """One turn of a chat."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "user", "assistant"] = Field(default="user", description="Who speaks.")
    content: str = Field(min_length=1, max_length=PROMPT_CHARACTERS, description="What is said.")


class Params(BaseModel):
    """A prompt or the turns of a chat, one of the two; what is left open is the model's own default."""

    model_config = ConfigDict(extra="forbid")

    prompt: str = Field(
        default="",
        max_length=PROMPT_CHARACTERS,
        description="What to go on from, or to answer. Leave it empty where there are messages.",
    )
    messages: list[Turn] = Field(
        default_factory=list,
        max_length=200,
        description="The turns of a chat instead of a prompt: a list of objects with role and content.",
    )
    model: str = Field(
        default="",
        max_length=200,
        description="Name of the model, as its endpoint has it; the worker's default if empty.",
    )
    max_tokens: int = Field(default=256, ge=1, le=MOST_TOKENS, title="Most tokens", description="Tokens at most.")
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="0 takes the likeliest token each time; higher is more varied."
    )
    top_p: float | None = Field(
        default=None, gt=0, le=1, title="Top p", description="Only the likeliest tokens that make up this share."
    )
    stop: list[Stop] = Field(
        default_factory=list,
        max_length=4,
        description="Texts at which to stop; they are not written themselves.",
        title="Stop at",
    )
    seed: int | None = Field(
        default=None, ge=0, le=2**31 - 1, description="The same seed gives the same text, where the model holds to it."
    )

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if bool(self.prompt.strip()) == bool(self.messages):
            raise ValueError("give a prompt or messages, one of the two")
        return self

    def turns(self) -> list[Turn]:
        """As a chat: a prompt is what the user says."""
        return self.messages or [Turn(content=self.prompt)]

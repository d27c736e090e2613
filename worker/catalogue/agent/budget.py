"""How much an agent may still do: tool calls, tokens and seconds of work, counted over all its runs."""

from dataclasses import dataclass
from typing import Literal

Limit = Literal["steps", "tokens", "seconds"]


@dataclass(kw_only=True)
class Budget:
    """What is allowed and what is spent of it; seconds are those of models and tools, not of waiting for a worker."""

    max_steps: int
    max_tokens: int
    max_seconds: float
    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def spend(self, *, steps: int = 0, tokens: int = 0, seconds: float = 0.0) -> None:
        """So much has been used."""
        self.steps += steps
        self.tokens += tokens
        self.seconds += seconds

    @property
    def tokens_left(self) -> int:
        return max(0, self.max_tokens - self.tokens)

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.max_seconds - self.seconds)

    def ended(self, *, tokens: int = 0) -> Limit | None:
        """The limit that is reached, or would be by another call of so many tokens."""
        if self.seconds >= self.max_seconds:
            return "seconds"
        if self.tokens + tokens > self.max_tokens:
            return "tokens"
        return "steps" if self.steps >= self.max_steps else None

    def told(self, limit: Limit) -> str:
        """The limit in words."""
        allowed = {
            "steps": f"{self.max_steps:,} tool calls",
            "tokens": f"{self.max_tokens:,} tokens",
            "seconds": f"{self.max_seconds:g} seconds",
        }
        return f"The budget of {allowed[limit]} is used up"

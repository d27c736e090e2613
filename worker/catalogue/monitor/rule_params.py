"""What can be asked of a metric: one model for each kind of rule."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Severity = Literal["info", "warning", "critical"]
Bound = Annotated[float, Field(ge=-1e15, le=1e15)]


class _Rule(BaseModel):
    """An alert, and what makes it fire and resolve."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    metric: str = Field(min_length=1, max_length=60, description="Such as cpu or disk.read.", title="Metric")
    name: str = Field(default="", max_length=100, description="Of the alert; made of the rule if empty.", title="Name")
    severity: Severity = Field(default="warning", title="Severity")
    band: float = Field(
        default=0,
        ge=0,
        le=1e15,
        description="It resolves only this far on the right side of the bound; in between all stays as it is.",
        title="Band",
    )
    for_seconds: float = Field(
        default=0, ge=0, le=86_400, description="How long it has to hold before the alert fires.", title="Fires after"
    )
    clear_seconds: float = Field(
        default=5, ge=0, le=86_400, description="How long it has to be over before it resolves.", title="Resolves after"
    )

    def told(self) -> str:
        """The name of its alert."""
        return self.name or self.sentence()

    def sentence(self) -> str:
        """What it is about, in words."""
        raise NotImplementedError


class Threshold(_Rule):
    """Fires while a metric is above, or below, a bound."""

    kind: Literal["threshold"]
    direction: Literal["above", "below"] = Field(default="above", title="Direction")
    bound: Bound = Field(title="Bound")

    def sentence(self) -> str:
        return f"{self.metric} {self.direction} {self.bound:g}"


class Rate(_Rule):
    """Fires while a metric rises, or falls, by more than so much a second."""

    kind: Literal["rate"]
    direction: Literal["rising", "falling"] = Field(default="rising", title="Direction")
    bound: float = Field(gt=0, le=1e15, description="Change per second.", title="Bound")
    window_seconds: float = Field(
        default=60, ge=1, le=86_400, description="The time over which the change is looked at.", title="Window"
    )

    def sentence(self) -> str:
        return f"{self.metric} {self.direction} by {self.bound:g}/s"


class Unusual(_Rule):
    """Fires while a metric is far from what it usually is: its median, in spreads (1.4826 × MAD) of a window before."""

    kind: Literal["unusual"]
    direction: Literal["either", "above", "below"] = Field(default="either", title="Direction")
    bound: float = Field(default=5, gt=0, le=1000, description="So many spreads from the median.", title="Bound")
    window_seconds: float = Field(
        default=300, ge=1, le=86_400, description="The time that says what is usual.", title="Window"
    )
    least_spread: float = Field(
        default=0, ge=0, le=1e15, description="A spread below this one counts as this one.", title="Least spread"
    )

    @model_validator(mode="after")
    def _resolves(self) -> Self:
        """A distance is never below 0, so a band as wide as the bound would hold the alert for ever."""
        if self.direction == "either" and self.band >= self.bound:
            raise ValueError("the band has to be narrower than the bound")
        return self

    def sentence(self) -> str:
        side = "" if self.direction == "either" else f", {self.direction} the usual"
        return f"{self.metric} unusual{side}"


AnyRule = Annotated[Threshold | Rate | Unusual, Field(discriminator="kind")]

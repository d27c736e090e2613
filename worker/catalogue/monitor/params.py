"""What a sender fills in: the targets, the rules, how often and for how long."""

from collections import Counter
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from worker.catalogue.monitor.rule_params import AnyRule
from worker.catalogue.monitor.targets import AnyTarget, Cpu, Load, Memory

#: As many as a snapshot keeps.
MAX_METRICS = 50


class Params(BaseModel):
    """What to watch, and when to say so."""

    model_config = ConfigDict(extra="forbid")

    targets: list[AnyTarget] = Field(
        default=[Cpu(kind="cpu"), Memory(kind="memory"), Load(kind="load")],
        min_length=1,
        max_length=20,
        description="What is watched. Each target gives one metric or several, which begin with its name.",
        title="Targets",
    )
    rules: list[AnyRule] = Field(
        default=[], max_length=40, description="When an alert fires, and when it resolves.", title="Rules"
    )
    interval_seconds: float = Field(
        default=1.0,
        ge=0.1,
        le=3600,
        description="Seconds between two samples of the machine; what is called has a pace of its own.",
        title="Every",
    )
    duration_seconds: float | None = Field(
        default=None, ge=0.1, le=366 * 86_400, description="How long; until it is cancelled if empty.", title="For"
    )

    def units(self) -> dict[str, str | None]:
        """The unit of every metric, by its name."""
        return {metric: unit for target in self.targets for metric, unit in target.metrics().items()}

    def libraries(self) -> set[str]:
        """What some of the targets need to have loaded."""
        return {target.library for target in self.targets if target.library}

    @model_validator(mode="after")
    def _names(self) -> Self:
        metrics = [metric for target in self.targets for metric in target.metrics()]
        alerts = [rule.told() for rule in self.rules] + [f"{target.name} down" for target in self.targets]
        _once([target.name for target in self.targets], "Two targets are called {}: give one of them another name.")
        _once(alerts, "Two alerts are called {}: give one of the rules a name.")
        if len(metrics) > MAX_METRICS:
            raise ValueError(f"The targets give {len(metrics)} metrics; {MAX_METRICS} is the most.")
        for rule in self.rules:
            if rule.metric not in metrics:
                raise ValueError(f"No target gives the metric {rule.metric}. There are: {', '.join(metrics)}.")
        return self

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.duration_seconds is not None and self.duration_seconds < self.interval_seconds:
            raise ValueError("The duration is shorter than the interval: there would be no sample.")
        return self


def _once(names: list[str], sentence: str) -> None:
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise ValueError(sentence.format(name))

"""What can be watched: one model for each kind of target, with the metrics that it gives and their units."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

#: What a target is called: the begin of its metrics' names.
Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^\w[\w -]*$", title="Name")]
Url = Annotated[str, Field(min_length=8, max_length=2000, title="URL")]
Every = Annotated[float, Field(ge=0.5, le=3600, description="Seconds between two calls.", title="Every")]
Timeout = Annotated[float, Field(ge=0.1, le=60, description="Seconds that an answer may take.", title="Timeout")]


class Target(BaseModel):
    """Something that gives figures."""

    model_config = ConfigDict(extra="forbid")
    #: Unit by what follows the target's name in the name of the metric.
    units: ClassVar[dict[str, str | None]] = {"": None}
    #: What takes its time to load and is needed for this kind alone.
    library: ClassVar[str | None] = None

    kind: str
    name: Name

    def metrics(self) -> dict[str, str | None]:
        """The unit of each metric that it gives, by the metric's name."""
        return {self.name + tail: unit for tail, unit in self.units.items()}


class Remote(Target):
    """A target that is called, and may be slow to answer."""

    every_seconds: Every = 5.0
    timeout_seconds: Timeout = 5.0


class Cpu(Target):
    """How much of the machine's processors is in use."""

    units = {"": "%"}
    kind: Literal["cpu"]
    name: Name = "cpu"


class Memory(Target):
    """How much of the machine's memory is in use."""

    units = {"": "%"}
    kind: Literal["memory"]
    name: Name = "memory"


class Swap(Target):
    """How much of the swap space is in use."""

    units = {"": "%"}
    kind: Literal["swap"]
    name: Name = "swap"


class Disk(Target):
    """How full a file system is, and what all disks read and write."""

    units = {"": "%", ".read": "B/s", ".written": "B/s"}
    kind: Literal["disk"]
    name: Name = "disk"
    mount: str = Field(default="/", max_length=400, description="Where the file system is mounted.", title="Mount")


class Network(Target):
    """What the machine sends and receives."""

    units = {".received": "B/s", ".sent": "B/s"}
    kind: Literal["network"]
    name: Name = "network"
    interface: str = Field(default="", max_length=40, description="One interface; all if empty.", title="Interface")


class Load(Target):
    """The load average of the last minute."""

    kind: Literal["load"]
    name: Name = "load"


class Process(Target):
    """One process on the worker's machine: its share of a processor, its memory, and whether it lives (1 or 0)."""

    units = {".cpu": "%", ".memory": "B", ".alive": None}
    kind: Literal["process"]
    name: Name = "process"
    pid: int = Field(ge=1, le=4_194_304, description="Its number.", title="Process id")


class Service(Remote):
    """Tailrace itself: jobs that wait and live, workers, and one web process's streams, lag and level."""

    units = {".waiting": "jobs", ".live": "jobs", ".workers": None, ".streams": None, ".lag": "s", ".level": None}
    kind: Literal["service"]
    name: Name = "service"


class Http(Remote):
    """An HTTP endpoint: how long it takes to answer, and the code of the answer."""

    units = {".latency": "ms", ".code": None}
    kind: Literal["http"]
    url: Url
    method: Literal["GET", "HEAD"] = Field(default="GET", title="Method")
    expect: int | None = Field(
        default=None,
        ge=100,
        le=599,
        description="The code of a good answer; any below 400 if empty.",
        title="Code",
    )


class _Figure(Remote):
    """One number of somebody's business."""

    unit: str | None = Field(default=None, max_length=20, title="Unit")

    def metrics(self) -> dict[str, str | None]:
        return {self.name: self.unit}


class Json(_Figure):
    """A number in a JSON document."""

    kind: Literal["json"]
    url: Url
    pointer: str = Field(
        max_length=500, pattern=r"^(/.*)?$", description="Where the number stands, as in /orders/open.", title="Pointer"
    )


class Sql(_Figure):
    """A number that a database is asked for."""

    library = "sqlalchemy"
    kind: Literal["sql"]
    database: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,30}$",
        description="The operator's name for it: shop is the URL in the worker's TAILRACE_SQL_SHOP.",
        title="Database",
    )
    query: str = Field(min_length=1, max_length=4000, description="One SELECT that gives one number.", title="Query")


AnyTarget = Annotated[
    Cpu | Memory | Swap | Disk | Network | Load | Process | Service | Http | Json | Sql, Field(discriminator="kind")
]

"""A job type run with what its author gives as an example, as a reader of the documents would try it."""

from types import ModuleType
from typing import Any

from tailrace_testing import Told, rehearse
from worker.job_type import JobType

#: The format of a param that names an upload.
FILE_FORMAT = "tailrace-file"
SAMPLE = {"sample.csv": b"a,b\n1,2\n"}


def try_out(kind: JobType) -> Told:
    """The job at its end, run with the type's example and a small file for each upload that it wants."""
    params: dict[str, dict[str, Any]] = kind.schema().get("properties", {})
    wanted = [name for name, schema in params.items() if schema.get("format") == FILE_FORMAT]
    return rehearse(kind, {**(kind.example or {}), **dict.fromkeys(wanted, "sample.csv")}, files=SAMPLE)


def job_types(module: ModuleType) -> list[JobType]:
    """The job types that a module defines, as the worker's root collects them."""
    return [thing for thing in vars(module).values() if isinstance(thing, JobType)]

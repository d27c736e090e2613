"""The job itself: its params and the order of its steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from worker.catalogue.files.archives import archive
from worker.catalogue.files.folders import Folder
from worker.catalogue.files.listing import Batch
from worker.catalogue.files.pack import Pack
from worker.catalogue.files.params import Params
from worker.catalogue.files.results import Results
from worker.catalogue.files.uploads import Uploads
from worker.catalogue.files.work import Work
from worker.context import Context
from worker.job import job
from worker.outcomes import Cancelled, JobFailed, Released, RunOver
from worker.steps import Step


@job(
    "files",
    title="A batch of files",
    description="Takes uploads, an archive, a folder or a URL: checksums, text, pictures or Parquet, file by file.",
    params=Params,
    example={
        "files": ["01jd0000000000000000000000", "01jd0000000000000000000001"],
        "operation": {"kind": "checksum"},
    },
    timeout_seconds=6 * 3600,
    steps={"gather": ("Find the files", 1), "work": ("Work on each file", 8), "pack": ("Pack the results", 1)},
)
def files(ctx: Context, params: Params) -> Any:
    """Do one thing with each file of a batch."""
    with ctx.step("gather") as step:
        batch = gathered(ctx, step, params)
        step.summary(f"{len(batch.entries):,} files")
    folder = ctx.workdir / "results"
    folder.mkdir()
    results = Results(ctx, batch.entries, folder)
    with _kept_for_later_runs(results):
        with ctx.step("work") as step:
            Work(ctx, step, batch, results, params).run()
            step.summary(results.summary())
        return ctx.durable("pack", Pack(ctx, batch.entries, results, params.operation.kind).run)


@contextmanager
def _kept_for_later_runs(results: Results) -> Iterator[None]:
    """What has been kept is dropped as soon as it is sure that no later run will ask for it."""
    try:
        yield
    except (Released, RunOver):
        raise
    except (Cancelled, JobFailed):
        results.drop()
        raise
    else:
        results.drop()


def gathered(ctx: Context, step: Step, params: Params) -> Batch:
    """What the job is to work on; JobFailed where that is nothing, or more than a batch may be."""
    batch = _batch(ctx, step, params)
    if not batch.entries:
        raise JobFailed("no_files", "There is no file to work on.")
    return batch


def _batch(ctx: Context, step: Step, params: Params) -> Batch:
    if params.files:
        return Uploads(ctx, step, params.files)
    step.progress(fraction=0, message="Looking what there is")
    if params.archive:
        return archive(ctx.file_path(params.archive), ctx.raise_if_cancelled)
    if params.source.startswith(("/", "file://")):
        return Folder(ctx, params.source)
    from worker.catalogue.files.urls import Urls  # noqa: PLC0415 - fsspec is for those who need it

    return Urls(ctx, params.source)

"""The job itself: the order of its stages, which are loaded once it runs, in the worker's child."""

from typing import TYPE_CHECKING, Any

from worker.catalogue.loading import load
from worker.catalogue.train.params import Params
from worker.context import Context
from worker.job import job
from worker.outcomes import Cancelled, Released, RunOver

if TYPE_CHECKING:
    from worker.catalogue.train.stages import Training


@job(
    "train",
    title="Train a model",
    description="Learns a model from a table, epoch by epoch, keeps the best one and says how good it is.",
    params=Params,
    example={"dataset": "digits", "estimator": "mlp", "epochs": 30},
    timeout_seconds=3600,
    steps={
        "load": ("Load the data", 2),
        "prepare": ("Prepare the data", 1),
        "train": ("Train", 14),
        "evaluate": ("Try it on unseen rows", 1),
        "export": ("Write the model", 2),
    },
)
def train(ctx: Context, params: Params) -> dict[str, Any]:
    """Train a model."""
    with ctx.step("load") as step:
        step.progress(fraction=0, message="Opening the data")
        made = _stages(ctx, params)
        step.summary(made.load(step))
    with ctx.step("prepare") as step:
        step.summary(made.prepare(step))
    try:
        return _learnt(ctx, made)
    except (Released, RunOver):
        raise
    except Cancelled:
        made.rescue()
        raise


def _learnt(ctx: Context, made: "Training") -> dict[str, Any]:
    with ctx.step("train") as step:
        step.summary(made.train(step))
    with ctx.step("evaluate") as step:
        step.summary(made.evaluate(step))
    with ctx.step("export") as step:
        result = made.export(step)
        step.summary(f"{len(result['artifacts'])} files")
    return result


def _stages(ctx: Context, params: Params) -> "Training":
    load(ctx, "worker.catalogue.train.stages")
    from worker.catalogue.train.stages import Training  # noqa: PLC0415 - it brings scikit-learn: after the fork

    return Training(ctx, params)

"""The job itself: its params and the order of its stages, which are loaded once it runs, in the worker's child."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from worker.catalogue.loading import load
from worker.context import Context
from worker.job import FileId, job
from worker.outcomes import Cancelled, Released, RunOver

if TYPE_CHECKING:
    from worker.catalogue.train.stages import Training

Dataset = Literal["iris", "wine", "breast_cancer", "digits", "diabetes"]
Task = Literal["auto", "classification", "regression"]
Estimator = Literal["auto", "linear", "logistic", "mlp", "boosting", "forest"]


class Params(BaseModel):
    """What is to be learnt, from what, and how."""

    model_config = ConfigDict(extra="forbid")

    file: FileId | None = Field(
        default=None,
        title="File",
        description="A CSV or TSV file (plain or gzipped) or a Parquet file. Without one the data set below is used.",
    )
    dataset: Dataset = Field(
        default="iris", title="Data set", description="One that scikit-learn ships; used where no file is given."
    )
    target: str = Field(
        default="", max_length=200, title="Target", description="Column to predict; the last one if empty."
    )
    task: Task = Field(
        default="auto", title="Task", description="Whether classes or a quantity are predicted; auto asks the target."
    )
    estimator: Estimator = Field(
        default="auto",
        title="Estimator",
        description="linear, logistic (classes only), mlp (a small neural network), boosting or forest (trees).",
    )
    epochs: int = Field(default=50, ge=1, le=2000, title="Epochs", description="Rounds of learning at most.")
    patience: int = Field(
        default=10,
        ge=0,
        le=500,
        title="Patience",
        description="Epochs without a better validation loss after which it stops; 0 goes through with all of them.",
    )
    learning_rate: float = Field(
        default=0, ge=0, le=1, title="Learning rate", description="0 takes what suits the estimator."
    )
    batch_size: int = Field(
        default=32, ge=1, le=4096, title="Batch size", description="Rows between two steps of the neural network."
    )
    test_share: float = Field(
        default=0.2,
        ge=0.05,
        le=0.4,
        title="Test share",
        description="Share of the rows kept for the last test; as many are kept to choose the best epoch by.",
    )
    seed: int = Field(
        default=0, ge=0, le=2**31 - 1, title="Seed", description="The same seed and data give the same model."
    )


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

"""What a training is asked for."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from worker.job import FileId

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

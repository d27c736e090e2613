"""A model as it is handed over: what prepares its inputs and what was learnt, in one piece, with nothing else in it."""

import copy
from typing import Any
from zipfile import ZIP_DEFLATED

import numpy as np
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from worker.catalogue.train.scores import UNSCALED, Scale

#: What only further training would need.
_LEFTOVERS = ("_optimizer", "_random_state", "_feature_subsample_rng", "_loss_function_")


def finished(preparation: ColumnTransformer, model: Any, scale: Scale) -> Pipeline:
    """Takes a table with the columns learnt from, gives the target on its own scale."""
    model = _rescaled(copy.deepcopy(model), scale)
    for name in _LEFTOVERS:
        vars(model).pop(name, None)
    return Pipeline([("prepare", preparation), ("estimator", model)])


def packed(model: Pipeline) -> bytes:
    """The file that is handed over; it holds data only, and loading it runs nothing."""
    data: bytes = skops.io.dumps(model, compression=ZIP_DEFLATED)
    return data


def _rescaled(model: Any, scale: Scale) -> Any:
    """A model that learnt a quantity on a scale of its own says it on the quantity's: its last weights take that on."""
    if scale == UNSCALED:
        return model
    if hasattr(model, "coefs_"):
        model.coefs_[-1] = model.coefs_[-1] * scale.spread
        model.intercepts_[-1] = model.intercepts_[-1] * scale.spread + scale.mean
    else:
        model.coef_ = np.asarray(model.coef_) * scale.spread
        model.intercept_ = np.asarray(model.intercept_) * scale.spread + scale.mean
    return model

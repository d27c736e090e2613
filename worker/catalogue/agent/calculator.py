"""A calculator: numbers, operators and a few functions, and nothing that takes long or says more than a number."""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from worker.catalogue.agent.limits import EXPRESSION_CHARS

#: Whole numbers stay whole up to so large a power; beyond it they are floats, which overflow instead of growing.
_EXACT_EXPONENT, _EXACT_BASE = 64, 10**18
_MOST_DIGITS = 400


class NoNumber(ValueError):
    """The expression gives no number, and why."""


def calculate(expression: str) -> float:
    """The value of *expression*; NoNumber where there is none."""
    if len(expression) > EXPRESSION_CHARS or set(expression) & set("\"'`[]{}@\\;:"):
        raise NoNumber(f"An expression has numbers, operators, functions, and at most {EXPRESSION_CHARS} characters.")
    plain = expression.replace("^", "**").replace("×", "*").replace("÷", "/").replace("−", "-")
    try:
        found = _evaluator().eval(plain)
    except ArithmeticError as error:
        raise NoNumber(f"It cannot be calculated: {error}.") from error
    except Exception as error:  # simpleeval and the parser raise a dozen kinds
        raise NoNumber("It is no expression that can be calculated.") from error
    return _checked(found)


def _evaluator() -> Any:
    from simpleeval import SimpleEval  # noqa: PLC0415 - loaded when something is to be calculated

    evaluator = SimpleEval(operators=_OPERATORS, functions=_FUNCTIONS, names={"pi": math.pi, "e": math.e})
    kept = (ast.Constant, ast.Name, ast.UnaryOp, ast.BinOp, ast.Call, ast.Expr)
    evaluator.nodes = {kind: node for kind, node in evaluator.nodes.items() if kind in kept}
    return evaluator


def _checked(found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise NoNumber("It gives no number.")
    if isinstance(found, int):
        if abs(found) >= 10**_MOST_DIGITS:
            raise NoNumber("The number is too large.")
        return found
    if not math.isfinite(found):
        raise NoNumber("It gives no finite number.")
    return found


def power(base: float, exponent: float) -> float:
    """`base` to the power of `exponent`; OverflowError where that is too large."""
    whole = isinstance(base, int) and isinstance(exponent, int)
    if whole and 0 <= exponent <= _EXACT_EXPONENT and abs(base) < _EXACT_BASE:
        exact: int = pow(int(base), int(exponent))
        return exact
    found = float(base) ** float(exponent)
    if isinstance(found, complex):
        raise NoNumber("It gives no real number.")
    return float(found)


def _rounded(number: float, digits: int = 0) -> float:
    return round(number, digits)


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: power,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "min": min,
    "max": max,
    "round": _rounded,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "floor": math.floor,
    "ceil": math.ceil,
}

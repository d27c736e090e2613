"""The calculator: what it can, and that it neither takes long nor says more than a number."""

import contextlib
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.catalogue.agent.calculator import NoNumber, calculate, power


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3 * 4", 14),
        ("(2+3)*4", 20),
        ("2^10", 1024),
        ("2**64", 2**64),
        ("7 // 2 + 7 % 2", 4),
        ("-3 + +5", 2),
        ("12 × 3 ÷ 4 − 1", 8),
        ("sqrt(16) + log10(1000)", 7),
        ("round(10 / 3, 2)", 3.33),
        ("max(1, 5, 3) - min(4, 2)", 3),
        ("pi * 2", math.tau),
        ("1e3", 1000),
    ],
)
def test_what_can_be_calculated_is(expression: str, value: float) -> None:
    assert calculate(expression) == pytest.approx(value)


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9**9", "10**10**10", "2**100000", "1/0", "log(0)", "sqrt(-1)", "(-1)**0.5", "1e308*10",
        "'a' * 9", "[1] * 9", "().__class__", "open(1)", "__import__(1)", "x", "pi.real", "1 if 1 else 2", "lambda: 1",
        "exp", "True", "None", "1 < 2", "", "   ", "1; 2", "1 +", "-" * 499 + "x", "(" * 300 + "1", "1+" * 400 + "1",
        "min()", "round(1, 2, 3)", "abs(x=1)", "*".join(["(10**17)**64"] * 30),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_in_a_sentence(expression: str) -> None:
    with pytest.raises(NoNumber) as refused:
        calculate(expression)
    assert str(refused.value).endswith(".")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="0123456789+-*/().%e ^,sqrtlogpi", max_size=60))
def test_any_expression_gives_a_finite_number_or_a_sentence(expression: str) -> None:
    with contextlib.suppress(NoNumber):
        assert math.isfinite(calculate(expression))


@given(st.integers(-(10**20), 10**20), st.integers(-70, 70))
def test_a_power_is_never_long(base: int, exponent: int) -> None:
    with contextlib.suppress(OverflowError, ZeroDivisionError):
        assert len(str(power(base, exponent))) < 1300

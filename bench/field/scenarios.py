"""The scenarios that a comparison has, in their order."""

from bench.field import s1

SCENARIOS = {"s1": s1}

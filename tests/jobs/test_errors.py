import re

import pytest

from jobs import errors
from jobs.errors import JobNotFound, TailraceError


def all_errors() -> set[type[TailraceError]]:
    found = {cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, TailraceError)}
    return found - {TailraceError}


def test_the_tree_at_the_top_shows_every_error() -> None:
    assert set(re.findall(r"[├└]── (\w+)", errors.__doc__ or "")) == {cls.__name__ for cls in all_errors()}


@pytest.mark.parametrize("cls", sorted(all_errors(), key=lambda cls: cls.__name__))
def test_a_text_is_filled_from_what_the_error_carries(cls: type[TailraceError]) -> None:
    data = {name: f"{{{name}}}" for name in re.findall(r"{(\w+)", cls.text)}
    error = cls(**data)

    assert vars(error) == data
    assert all(value in str(error) for value in data.values())


def test_braces_in_what_an_error_carries_do_no_harm() -> None:
    assert str(JobNotFound(job_id="{0.__class__}")) == "There is no job {0.__class__}."

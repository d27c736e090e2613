"""The small model learns what follows what, and says it by chance that can be repeated."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.catalogue.generate.ngrams import Model, learn, tokens

TEXT = "the cat sat on the mat. the dog sat on the log. the cat saw the dog.\n\nthe end of it."


@pytest.fixture(scope="module")
def model() -> Model:
    return learn(tokens(TEXT))


def text_of(model: Model, prompt: str, seed: int, *, temperature: float = 1.0, top_p: float = 1.0) -> str:
    words, chance = tokens(prompt), Random(seed)
    for _ in range(12):
        words.append(model.next(words, chance, temperature=temperature, top_p=top_p))
    return "".join(words)


def test_tokens_are_the_text_again_with_one_blank_for_many() -> None:
    assert "".join(tokens("It’s  a\nwell-known\n\n\nfact,   isn't it?")) == "It’s a well-known\n\nfact, isn't it?"


@given(st.text(alphabet=st.sampled_from("ab'’-.,!? \n_"), max_size=60))
def test_every_mark_and_every_word_of_a_text_is_in_its_tokens(text: str) -> None:
    assert "".join("".join(tokens(text)).split()) == "".join(text.split())


def test_the_same_seed_says_the_same_and_another_something_else(model: Model) -> None:
    said = [text_of(model, "the cat", seed) for seed in (1, 1, 2)]

    assert said[0] == said[1] != said[2]


def test_at_temperature_0_the_likeliest_is_said_whatever_the_seed(model: Model) -> None:
    assert {text_of(model, "the dog sat", seed, temperature=0) for seed in range(5)} == {
        text_of(model, "the dog sat", 0, temperature=0)
    }
    assert text_of(model, "the dog sat", 0, temperature=0).startswith("the dog sat on the")


def test_words_that_it_never_read_are_gone_on_from_all_the_same(model: Model) -> None:
    assert text_of(model, "zebras quaver", 3).startswith("zebras quaver")
    assert text_of(model, "", 3)


@pytest.mark.parametrize("temperature", [0.01, 2.0])
def test_the_ends_of_what_may_be_asked_for_are_no_trouble(model: Model, temperature: float) -> None:
    assert text_of(model, "the", 1, temperature=temperature, top_p=0.01)


def test_a_small_top_p_leaves_only_the_likeliest(model: Model) -> None:
    following = {model.next(tokens("on"), Random(seed), temperature=1.0, top_p=0.01) for seed in range(30)}

    assert " the" in following
    assert following <= {" the", "the", "."}

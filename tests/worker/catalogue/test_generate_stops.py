"""Where a text stops does not depend on the pieces in which it comes."""

from hypothesis import given
from hypothesis import strategies as st

from worker.catalogue.generate.stops import Stops

LETTERS = st.text(alphabet="ab\n", max_size=30)
SEQUENCES = st.lists(st.text(alphabet="ab\n", min_size=1, max_size=5), max_size=4)


def through(pieces: list[str], sequences: list[str]) -> tuple[str, bool]:
    stops, written = Stops(sequences), ""
    for piece in pieces:
        written += stops.through(piece)
        if stops.met:
            break
    return written + stops.rest(), stops.met


@given(pieces=st.lists(LETTERS, max_size=8), sequences=SEQUENCES)
def test_a_text_in_pieces_stops_where_the_whole_would_or_at_the_sequence_that_is_whole_first(
    pieces: list[str], sequences: list[str]
) -> None:
    written, met = through(list("".join(pieces)), sequences)
    text = "".join(pieces)
    places = [text.find(sequence) for sequence in sequences if sequence in text]

    assert met == bool(places)
    assert text.startswith(written)
    assert not any(sequence in written for sequence in sequences)
    if not met:
        assert written == text


def test_what_could_become_a_stop_sequence_is_held_back_and_what_no_longer_can_is_not() -> None:
    stops = Stops(["END"])

    assert [stops.through(piece) for piece in ("the E", "N", "emy E", "ND of")] == ["the ", "", "ENemy ", ""]
    assert stops.met
    assert stops.rest() == ""


def test_without_sequences_nothing_is_held_back() -> None:
    assert through(["a", "b"], []) == ("ab", False)

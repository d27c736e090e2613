"""Who is looked at when: in the slot that it was put in for last, and nobody else."""

from dataclasses import dataclass

from app.relay.agenda import Agenda


@dataclass
class One:
    fd: int
    slot: int = 0


def looked(agenda: Agenda, now: float, those: dict[int, One]) -> list[One]:
    return list(agenda.due(now, those))


def test_each_is_looked_at_once_as_its_slot_begins() -> None:
    agenda, those = Agenda(1.0, 100.0), {n: One(n) for n in range(3)}
    for n, at in enumerate((101.5, 103.0, 103.9)):
        agenda.put(those[n], at)

    found = [[one.fd for one in agenda.due(now, those)] for now in (100.9, 101.0, 102.9, 103.0, 200.0)]
    assert found == [[], [0], [], [1, 2], []]


def test_a_look_that_is_due_already_comes_with_the_next_slot() -> None:
    agenda, one = Agenda(0.5, 10.0), One(7)
    agenda.put(one, 0.0)

    assert looked(agenda, 10.4, {7: one}) == []
    assert looked(agenda, 10.5, {7: one}) == [one]


def test_slots_that_nobody_came_to_are_caught_up_with() -> None:
    agenda, those = Agenda(1.0, 0.0), {n: One(n) for n in range(5)}
    for n, one in those.items():
        agenda.put(one, n + 1.0)

    assert looked(agenda, 60.0, those) == list(those.values())


def test_whoever_is_put_in_anew_while_looked_at_comes_again_later() -> None:
    agenda, one, seen = Agenda(1.0, 0.0), One(1), 0
    agenda.put(one, 1.0)
    for now in (1.0, 2.0, 3.0):
        for who in agenda.due(now, {1: one}):
            agenda.put(who, 0.0)
            seen += 1

    assert seen == 3


def test_a_number_that_goes_to_another_brings_nobody_twice() -> None:
    agenda, gone, heir = Agenda(1.0, 0.0), One(4), One(4)
    agenda.put(gone, 2.0)
    agenda.put(heir, 5.0)
    assert looked(agenda, 4.0, {4: heir}) == []
    assert looked(agenda, 5.0, {4: heir}) == [heir]

    agenda.put(gone, 7.0)
    agenda.put(heir, 7.0)
    found = 0
    for who in agenda.due(7.0, {4: heir}):
        agenda.put(who, 9.0)
        found += 1
    assert found == 1


def test_nobody_is_looked_at_who_has_gone() -> None:
    agenda, one = Agenda(1.0, 0.0), One(1)
    agenda.put(one, 1.0)

    assert looked(agenda, 1.0, {}) == []


def test_the_wait_ends_as_the_next_slot_begins() -> None:
    agenda = Agenda(0.25, 0.0)

    assert [agenda.wait(now) for now in (0.0, 0.125, 10.2500)] == [0.25, 0.125, 0.25]

"""Portions side by side: what one after another would give, in less time."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from aliquot.access.custodian import Line
from aliquot.intake.lanes import LANES, Claim, Lanes

_SOON_S = 0.2
_LATE_S = 20

Part = tuple[str, Sequence[bytes]]


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    made = Lanes(Line(Path("no connection is opened"), "work"))
    yield made
    made.close()


def same(portion: str) -> str:
    return portion


def portions(*about: str) -> list[Part]:
    """One portion for each word; letters in it are what it is about."""
    return [(word, [letter.encode() for letter in word]) for word in about]


def whole(portion: Part) -> Part:
    return portion


def filing(done: list[str], work: Callable[[str], None]) -> Callable[[Part, Claim], str]:
    """A portion that says what it is about, works, and writes down when it is over."""

    def finish(portion: Part, claim: Claim) -> str:
        word, about = portion
        claim(frozenset(about))
        work(word)
        done.append(word)
        return word

    return finish


def test_each_gives_what_it_came_to_in_the_order_of_the_portions(lanes: Lanes) -> None:
    def finish(word: str, _: Claim) -> str:
        return word.upper()

    assert list(lanes.run(["a", "b", "c", "d", "e"], same, finish)) == ["A", "B", "C", "D", "E"]


def test_portions_that_share_nothing_are_at_work_at_once(lanes: Lanes) -> None:
    together = threading.Barrier(LANES)
    finish = filing([], lambda _: void(together.wait(_LATE_S)))
    words = [str(number) for number in range(LANES)]
    assert list(lanes.run(portions(*words), whole, finish)) == words


def test_no_portion_is_begun_before_a_lane_is_free_for_it(lanes: Lanes) -> None:
    over: list[int] = []
    waiting: list[int] = []

    def begin(number: int) -> int:
        waiting.append(number - len(over))
        return number

    def finish(number: int, claim: Claim) -> None:
        claim(frozenset())
        over.append(number)

    list(lanes.run(range(20), begin, finish))
    assert max(waiting) <= LANES


def void(_: object) -> None:
    """Whatever it was."""


def test_a_portion_waits_for_every_earlier_one_that_is_about_the_same_thing(lanes: Lanes) -> None:
    done: list[str] = []

    def work(word: str) -> None:
        if word == "ab":
            void(threading.Event().wait(_SOON_S))

    assert list(lanes.run(portions("ab", "bc", "ax"), whole, filing(done, work))) == ["ab", "bc", "ax"]
    assert done[0] == "ab"


def test_a_portion_that_does_not_say_what_it_is_about_is_waited_for(lanes: Lanes) -> None:
    done: list[str] = []

    def finish(portion: Part, claim: Claim) -> None:
        word, about = portion
        if word == "silent":
            void(threading.Event().wait(_SOON_S))
        else:
            claim(frozenset(about))
        done.append(word)

    list(lanes.run(portions("silent", "xyz"), whole, finish))
    assert done == ["silent", "xyz"]


def test_what_one_raises_is_raised_in_its_place_and_what_has_claimed_is_done(lanes: Lanes) -> None:
    done: list[str] = []
    both = threading.Barrier(2)

    def fail(word: str) -> None:
        if word == "a":
            return
        both.wait(_LATE_S)
        if word == "b":
            raise ZeroDivisionError
        void(threading.Event().wait(_SOON_S))

    filed = lanes.run(portions("a", "b", "c"), whole, filing(done, fail))
    assert next(filed) == "a"
    with pytest.raises(ZeroDivisionError):
        next(filed)
    assert done == ["a", "c"]


def test_after_one_failed_nothing_more_is_claimed(lanes: Lanes) -> None:
    done: list[str] = []

    def fail(word: str) -> None:
        if word == "ab":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(lanes.run(portions("ab", "bc"), whole, filing(done, fail)))
    assert done == []


def test_who_comes_first_is_not_stopped_by_one_that_failed_later(lanes: Lanes) -> None:
    failed = Event()

    def finish(portion: Part, claim: Claim) -> str:
        word, about = portion
        if word == "b":
            failed.set()
            raise ZeroDivisionError
        assert failed.wait(_LATE_S)
        claim(frozenset(about))
        return word

    filed = lanes.run(portions("a", "b"), whole, finish)
    assert next(filed) == "a"
    with pytest.raises(ZeroDivisionError):
        next(filed)


def test_the_next_portion_is_begun_while_the_one_before_is_being_finished(lanes: Lanes) -> None:
    begun = Event()

    def begin(portion: Part) -> Part:
        if portion[0] == "b":
            begun.set()
        return portion

    def work(word: str) -> None:
        assert word != "a" or begun.wait(_LATE_S)

    assert list(lanes.run(portions("a", "b"), begin, filing([], work))) == ["a", "b"]


def test_portions_are_begun_in_order_by_who_asks_and_a_single_one_is_finished_there_too(lanes: Lanes) -> None:
    begun: list[tuple[str, int]] = []

    def begin(word: str) -> str:
        begun.append((word, threading.get_ident()))
        return word

    def finish(_: str, claim: Claim) -> int:
        claim(frozenset())
        return threading.get_ident()

    here = threading.get_ident()
    assert list(lanes.run(["a"], begin, finish)) == [here]
    assert here not in list(lanes.run(["b", "c"], begin, finish))
    assert begun == [("a", here), ("b", here), ("c", here)]

"""What the codes of an old catalogue became: one of our tests, a unit, and the values that were said for it."""

from collections.abc import Mapping
from datetime import date

import msgspec

from aliquot.lab.catalogue import Catalogue, Test
from aliquot.legacy import cells
from aliquot.legacy.cells import Mark
from aliquot.legacy.map import Map, Rule
from aliquot.legacy.memory import REMEMBERED
from aliquot.legacy.source import Cell
from aliquot.terms import units
from aliquot.terms.errors import Refused, Unclear
from aliquot.terms.quantities import Absent, Coded, Text, Value


class Unread(Refused):
    """A value that does not come over; `reason` is the stable word, and `unit` says that the unit is at fault."""

    def __init__(self, reason: str, *, unit: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unit = unit


class Read(msgspec.Struct, frozen=True):
    """A value, and what is odd about it."""

    value: Value
    odd: str = ""


class Use:
    """An old code with an old unit, on some days, is one of our tests."""

    __slots__ = (
        "_absent",
        "_answers",
        "_fault",
        "_known",
        "_mark",
        "_ucum",
        "loinc",
        "same_method",
        "since",
        "test",
        "until",
    )

    def __init__(self, rule: Rule, test: Test, drawn: Map, written: str) -> None:
        self.test, self.same_method = test, rule.same_method
        self.loinc = rule.loinc or test.loinc
        self.since, self.until = rule.since or date.min, rule.until or date.max
        self._mark: Mark = drawn.mark
        self._absent = drawn.absent
        self._answers = _answers(test, drawn.answers.get(test.code, {}))
        self._ucum, self._fault = _unit(written, rule, drawn.units)
        self._known: dict[Cell, Read] = {}

    def value(self, cell: Cell) -> Read:
        """What a cell says for this test. Words where a number is expected stay words, and are remarked upon.

        Raises:
            Unread: a number whose unit or whose fraction cannot be told.
        """
        known = self._known.get(cell)
        if known is None:
            known = self._read((cell or "").strip())
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[cell] = known
        return known

    def _read(self, written: str) -> Read:
        if not written or written in self._absent:
            return Read(Absent(self._absent.get(written, "unknown")))
        if self.test.answers:
            answer = self._answers.get(written.casefold())
            return Read(answer) if answer else Read(Text(written), "answer-not-mapped")
        try:
            said = cells.number(written, self._ucum, self._mark)
        except Unclear:
            raise Unread("number-unclear") from None
        if said is None:
            return Read(Text(written), "words-for-a-number")
        if self._fault:
            raise Unread(self._fault, unit=True)
        return Read(said)


class Uses:
    """The tests of a map, by old code."""

    def __init__(self, drawn: Map, catalogue: Catalogue) -> None:
        self._map = drawn
        self._tests = {test.code: test for test in catalogue.tests}
        self._rules: dict[str, list[Rule]] = {}
        for rule in drawn.tests:
            self._rules.setdefault(rule.code, []).append(rule)

    def of(self, code: str, unit: str) -> tuple[Use | Rule, ...]:
        """What a code with this unit was, over the years; a rule without a test was left behind."""
        return tuple(
            Use(rule, self._tests[rule.test], self._map, unit) if rule.test else rule
            for rule in self._rules.get(code, ())
            if rule.unit is None or rule.unit == unit
        )


def _unit(written: str, rule: Rule, known: Mapping[str, str]) -> tuple[str, str]:
    """The UCUM unit, or why there is none."""
    if rule.ucum and (not written or written == rule.unit):
        return rule.ucum, ""
    if not written:
        return "", "unit-missing"
    try:
        return known.get(written) or units.ucum(written), ""
    except units.UnknownUnit:
        return "", "unit-not-mapped"


def _answers(test: Test, written: Mapping[str, str]) -> dict[str, Coded]:
    """What old words, our own names and what analysers write mean for a test with a list of answers."""
    by_code = {answer.code: Coded(answer.system, answer.code, answer.names.fr) for answer in test.answers}
    known = {
        word.casefold(): by_code[answer.code]
        for answer in test.answers
        for word in (answer.names.en, answer.names.fr, *answer.written)
    }
    return known | {word.casefold(): by_code[code] for word, code in written.items()}

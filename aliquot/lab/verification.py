"""Whether a result may go on: every check of the bench, in its order, and the state and flag that follow.

Pure: no clock, no database, no chance. Nothing here validates medically; that is a biologist's signature.
Source: ISO 15189:2022, 7.3.7.3 and 7.4.1.5 (selection, review and release of results).
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from aliquot.lab import content, delta, reference
from aliquot.lab.catalogue import Answer, Consistency, Test
from aliquot.lab.delta import NotComparable, Taken
from aliquot.lab.reference import Band, Flag, Person
from aliquot.terms import units
from aliquot.terms.errors import Refused
from aliquot.terms.kinds import Harm
from aliquot.terms.quantities import Coded, Quantity, Value
from aliquot.terms.states import Analysis, Hold, Specimen

Quality = Literal["ok", "rejected", "unknown", "not-required"]
Identity = Literal["clear", "doubtful", "unknown"]

_THREE_TIMES_TOLERANCE = Decimal("0.10")


class Result(msgspec.Struct, frozen=True):
    """What was measured, and how. `value` is in the catalogue's unit where an exact conversion led there."""

    value: Value
    specimen_type: str
    specimen_state: Specimen
    collected_at: datetime | None
    measured_at: datetime | None
    instrument_flags: tuple[str, ...] = ()
    typed: bool = False


class Facts(msgspec.Struct, frozen=True):
    """What else was known when the result was judged; each is stated by the caller and none is assumed.

    `previous` is the patient's latest released version; `siblings` are other results of this specimen by test code.
    """

    person: Person
    identity: Identity
    quality: Quality
    previous: Taken | None
    siblings: Mapping[str, Value]
    allowed_flags: tuple[str, ...]


class Policy(msgspec.Struct, frozen=True):
    """What the laboratory lets the rules do alone. `rules` names the approved version; `medical` does not exist."""

    rules: str
    technical: bool
    without_previous: bool = False
    comparators: bool = False
    suspended: bool = False


class Pass(msgspec.Struct, frozen=True, tag="pass"):
    """The check was made and found nothing."""


class Held(msgspec.Struct, frozen=True, tag="hold"):
    """The check found something; `detail` names the rule and never a value."""

    hold: Hold
    detail: str


class NotApplicable(msgspec.Struct, frozen=True, tag="not-applicable"):
    """The check says nothing about this result."""

    reason: str


Outcome = Pass | Held | NotApplicable


class Check(msgspec.Struct, frozen=True):
    """One check by name, with what it found."""

    name: str
    outcome: Outcome


class Decision(msgspec.Struct, frozen=True):
    """What follows. `critical` opens a call at once; `by_hand` says what else than a hold leaves it to a person."""

    state: Analysis
    flag: Flag
    reference: content.Reference | None
    holds: tuple[content.Hold, ...]
    critical: bool
    checks: tuple[Check, ...]
    by_hand: tuple[str, ...]


class _Case(msgspec.Struct, frozen=True):
    """One result with everything that a check may ask; `number` is there only in the catalogue's own unit."""

    result: Result
    test: Test
    facts: Facts
    rules: tuple[Consistency, ...]
    number: Quantity | None
    answer: Answer | None


def decide(result: Result, test: Test, facts: Facts, rules: tuple[Consistency, ...], policy: Policy) -> Decision:
    """Every check in order, none left out because an earlier one held.

    A check that cannot be evaluated holds (CONFIG). An error outside the named families leaves no decision at all,
    so that it cannot pass either.
    """
    case = _Case(result, test, facts, rules, _number(result, test), _answer(result, test))
    checks = tuple(Check(name, _outcome(name, check, case)) for name, check in _CHECKS)
    holds = tuple(
        content.Hold(hold=each.outcome.hold, detail=each.outcome.detail)
        for each in checks
        if isinstance(each.outcome, Held)
    )
    by_hand = _by_hand(case, policy, checks)
    normal, critical = _band(test.references, facts.person), _band(test.criticals, facts.person)
    flag = _flag(case, normal, critical)
    return Decision(
        state=Analysis.MEASURED if holds or by_hand else Analysis.TECH_VALIDATED,
        flag=flag,
        reference=None if normal is None else reference.applied(normal),
        holds=holds,
        critical=flag in (Flag.LOW_CRITICAL, Flag.HIGH_CRITICAL, Flag.CRITICAL),
        checks=checks,
        by_hand=by_hand,
    )


def _number(result: Result, test: Test) -> Quantity | None:
    value = result.value
    return value if isinstance(value, Quantity) and value.ucum == test.ucum else None


def _answer(result: Result, test: Test) -> Answer | None:
    value = result.value
    if not isinstance(value, Coded):
        return None
    return next((each for each in test.answers if (each.system, each.code) == (value.system, value.code)), None)


def _outcome(name: str, check: Callable[[_Case], Outcome], case: _Case) -> Outcome:
    try:
        return check(case)
    except (Refused, ArithmeticError):
        return Held(Hold.CONFIG, f"{name}: could not be evaluated")


def _by_hand(case: _Case, policy: Policy, checks: tuple[Check, ...]) -> tuple[str, ...]:
    reasons = {
        "AV-01 no policy in force": not policy.technical or policy.suspended,
        "AV-08 no value that rules can judge": case.number is None and case.answer is None,
        "AV-08 comparator": case.number is not None and case.number.comparator != "" and not policy.comparators,
        "AV-14 no previous value": not policy.without_previous and _says(checks, "delta", _NO_PREVIOUS),
        "AV-16 typed by hand": case.result.typed,
        "AV-19 no range": _says(checks, "range", _NO_RANGE),
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def _says(checks: tuple[Check, ...], name: str, outcome: Outcome) -> bool:
    return Check(name, outcome) in checks


def _band(bands: tuple[Band, ...], person: Person) -> Band | None:
    try:
        return reference.select(bands, person)
    except reference.Ambiguous:
        # The range and critical checks hold for it; here it only means that no flag can be given.
        return None


def _flag(case: _Case, normal: Band | None, critical: Band | None) -> Flag:
    if case.answer is not None:
        return case.answer.flag
    if case.number is None or not case.number.number.is_finite():
        return Flag.NONE
    return reference.flag(case.number, normal, critical)


def _identity(case: _Case) -> Outcome:
    if case.facts.identity == "clear":
        return Pass()
    return Held(Hold.IDENTITY, f"AV-02 identity {case.facts.identity}")


def _specimen(case: _Case) -> Outcome:
    result, hours = case.result, case.test.stability_hours
    if result.specimen_state is not Specimen.ACCEPTED:
        return Held(Hold.SPECIMEN, f"AV-03 specimen {result.specimen_state}")
    if result.specimen_type != case.test.specimen_type:
        return Held(Hold.SPECIMEN, "AV-04 another specimen type")
    if result.collected_at is None:
        return Held(Hold.SPECIMEN, "RD time of collection unknown")
    if result.measured_at is None:
        return Pass() if hours is None else Held(Hold.SPECIMEN, "AV-03 age of the specimen unknown")
    if result.measured_at < result.collected_at:
        return Held(Hold.SPECIMEN, "INV-19 measured before collected")
    if hours is not None and result.measured_at - result.collected_at > timedelta(hours=hours):
        return Held(Hold.SPECIMEN, "AV-03 stability passed")
    return Pass()


def _unit(case: _Case) -> Outcome:
    if isinstance(case.result.value, Quantity):
        return Pass() if case.number is not None else Held(Hold.UNIT, "AV-08 not the catalogue's unit")
    if isinstance(case.result.value, Coded):
        return Pass() if case.answer is not None else Held(Hold.MAPPING, "AV-08 not an answer of this test")
    return NotApplicable("no number and no code")


def _amr(case: _Case) -> Outcome:
    number, low, high = case.number, case.test.amr_low, case.test.amr_high
    if number is None or (low is None and high is None):
        return _NO_LIMIT
    if reference.within(number, low, high) or _beyond(number, low, high):
        return Pass()
    return Held(Hold.RANGE_AMR, "AV-09 outside the measuring range")


def _beyond(number: Quantity, low: Decimal | None, high: Decimal | None) -> bool:
    """Whether a comparator says in the right way that the value lies outside: `<` the lower limit, `>` the upper."""
    if number.comparator in ("<", "<="):
        return number.number == low
    return number.comparator in (">", ">=") and number.number == high


def _plausible(case: _Case) -> Outcome:
    number, low, high = case.number, case.test.plausible_low, case.test.plausible_high
    if number is None or (low is None and high is None):
        return _NO_LIMIT
    plain = Quantity(number.number, number.ucum)
    return Pass() if reference.within(plain, low, high) else Held(Hold.IMPLAUSIBLE, "AV-10 not plausible")


def _instrument(case: _Case) -> Outcome:
    if set(case.result.instrument_flags) <= set(case.facts.allowed_flags):
        return Pass()
    return Held(Hold.INSTRUMENT_FLAG, "AV-07 a flag that is not on the device's list")


def _quality(case: _Case) -> Outcome:
    match case.facts.quality:
        case "ok":
            return Pass()
        case "not-required":
            return NotApplicable("no control required, signed by the director")
        case "rejected":
            return Held(Hold.QC_REJECTED, "AV-06 control rejected")
        case "unknown":
            return Held(Hold.QC_UNKNOWN, "AV-06 control unknown")


def _range(case: _Case) -> Outcome:
    if case.number is None:
        return _NO_LIMIT
    return _NO_RANGE if reference.select(case.test.references, case.facts.person) is None else Pass()


def _critical(case: _Case) -> Outcome:
    if case.answer is not None:
        critical = case.answer.flag is Flag.CRITICAL
        return Held(Hold.CRITICAL, "AV-13 critical answer") if critical else Pass()
    band = reference.select(case.test.criticals, case.facts.person)
    if case.number is None or band is None:
        return _NO_LIMIT
    if reference.surely_not_critical(case.number, band):
        return Pass()
    return Held(Hold.CRITICAL, "AV-13 critical, or not surely otherwise")


def _delta(case: _Case) -> Outcome:
    rule, previous = case.test.delta, case.facts.previous
    if rule is None or (case.number is None and case.answer is None):
        return NotApplicable("no rule")
    if previous is None:
        return _NO_PREVIOUS
    result = case.result
    now = Taken(result.value, result.specimen_type, result.collected_at, Analysis.MEASURED)
    try:
        found = delta.exceeds(rule, now, previous)
    except NotComparable as reason:
        return NotApplicable(str(reason))
    return Held(Hold.DELTA, f"AV-14 {rule.kind}") if found else Pass()


def _consistency(case: _Case) -> Outcome:
    rules = [rule for rule in case.rules if case.test.code in rule.tests]
    for rule in rules:
        first, second = (_of(case, code) for code in rule.tests)
        if first is not None and second is not None and not _agree(rule, first, second):
            return Held(Hold.CONSISTENCY, f"AV-15 {rule.rule} {' '.join(rule.tests)}")
    return Pass() if rules else NotApplicable("no rule")


def _of(case: _Case, code: str) -> Quantity | None:
    """The number of this result or of a sibling; a comparator is no number to compare with."""
    found = case.number if code == case.test.code else case.facts.siblings.get(code)
    return found if isinstance(found, Quantity) and not found.comparator else None


def _agree(rule: Consistency, first: Quantity, second: Quantity) -> bool:
    if rule.rule == "not-above":
        return first.number <= units.convert(second, first.ucum).number
    # A litre of blood with h grams of haemoglobin holds about 3 h / 1000 litres of red cells.
    haematocrit, haemoglobin = units.convert(first, "L/L").number, units.convert(second, "g/L").number
    expected = 3 * haemoglobin / 1000
    return abs(haematocrit - expected) <= _THREE_TIMES_TOLERANCE * expected


def _sensitive(case: _Case) -> Outcome:
    if case.test.harm is Harm.RESTRICTED:
        return Held(Hold.SENSITIVE, "AV-17 always a biologist")
    if case.answer is not None and case.answer.flag in (Flag.ABNORMAL, Flag.CRITICAL):
        return Held(Hold.SENSITIVE, "AV-17 abnormal answer")
    return Pass()


_NO_LIMIT = NotApplicable("no number or no limit")
_NO_RANGE = NotApplicable("no range holds for this person")
_NO_PREVIOUS = NotApplicable("no previous value")

_CHECKS: tuple[tuple[str, Callable[[_Case], Outcome]], ...] = (
    ("identity", _identity),
    ("specimen", _specimen),
    ("unit", _unit),
    ("measuring range", _amr),
    ("plausibility", _plausible),
    ("instrument", _instrument),
    ("quality", _quality),
    ("range", _range),
    ("critical", _critical),
    ("delta", _delta),
    ("consistency", _consistency),
    ("sensitive", _sensitive),
)

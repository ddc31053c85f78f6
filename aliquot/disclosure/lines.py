"""One result as it is read on paper."""

from collections.abc import Iterable

import msgspec

from aliquot.disclosure import cautions, phrases
from aliquot.lab.content import Reference, Report, ReportResult
from aliquot.terms.quantities import Absent, Coded, Quantity, Text, Value

_QUIET_FLAGS = frozenset({"", "N", "NEG"})


class Line(msgspec.Struct, frozen=True):
    """One result. `kind` says which of the four things the value is: number, words, code or absence."""

    name: str
    kind: str
    value: str
    unit: str
    flag: str
    reference: str
    method: str
    notes: tuple[str, ...]
    marked: bool
    critical: bool
    marks: tuple[str, ...]


def line(result: ReportResult, report: Report) -> Line:
    """One line of a report: what was found, everything that was applied to it, and what must be said about it."""
    language = report.laboratory.language
    says, content = phrases.of(language), result.content
    seen = cautions.visible(result)
    kind, value, unit = value_of(cautions.shown(result), says, language)
    return Line(
        name=content.name,
        kind=kind,
        value=value,
        unit=unit,
        flag=phrases.named(says.flags, content.flag) if seen else "",
        reference=_range(content.reference, says, language) if seen else "",
        method=content.method,
        notes=tuple(notes(result, report)),
        marked=seen and content.flag not in _QUIET_FLAGS,
        critical=cautions.is_critical(result),
        marks=tuple(_marks(result, report)),
    )


def value_of(value: Value, says: phrases.Phrases, language: str) -> tuple[str, str, str]:
    """The kind, the words and the unit. Zero, empty, absent and "not done" never look alike (INV-1)."""
    match value:
        case Quantity():
            shown_number = phrases.compared(value.comparator, value.number, language)
            return "number", shown_number, phrases.unit(value.ucum, says)
        case Coded():
            return "code", value.text or value.code, ""
        case Text():
            return ("words", value.text, "") if value.text else ("absence", says.words["empty_text"], "")
        case Absent():
            return "absence", phrases.named(says.absent, value.reason), ""


def _range(reference: Reference | None, says: phrases.Phrases, language: str) -> str:
    if reference is None:
        return ""
    low, high = phrases.decimal(reference.low, language), phrases.decimal(reference.high, language)
    return " ; ".join(filter(None, (_bounds(low, high), reference.text)))


def _bounds(low: str, high: str) -> str:
    if low and high:
        return f"{low} – {high}"
    return (low and f"≥ {low}") or (high and f"≤ {high}")


def _marks(result: ReportResult, report: Report) -> Iterable[str]:
    words = phrases.of(report.laboratory.language).words
    if cautions.visible(result) and result.state not in cautions.SIGNED:
        yield words["provisional_mark"]
    if cautions.visible(result) and cautions.doubtful(result, report):
        yield words["reserve_mark"]


def notes(result: ReportResult, report: Report) -> Iterable[str]:
    """What stands under one result: why it is not there, what was accepted or changed, and the comment."""
    words, content = phrases.of(report.laboratory.language).words, result.content
    if not cautions.visible(result):
        if result.state in cautions.GONE and content.reason:
            yield f"{words['reason']}{words['colon']}{content.reason}"
        return
    if cautions.outside_control(result):
        yield words["qc_warning"]
    if content.comment:
        yield content.comment

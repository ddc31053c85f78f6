"""What a new report version says differently from the one before it, for its status and for its readers. Pure."""

from collections.abc import Sequence

from aliquot.lab.content import Observation, ReportChange, ReportPatient, ReportResult
from aliquot.lab.statuses import Change
from aliquot.terms.quantities import Absent, Coded, Quantity, Text, Value


def of_line(before: ReportResult | None, after: ReportResult) -> Change:
    """How one line differs: a value, unit, comparator, flag or specimen that was issued differently was wrong (R5)."""
    if before is None:
        return Change.ADDED
    if _decisive(before) != _decisive(after):
        return Change.WRONG
    return Change.SAME if _rest(before) == _rest(after) else Change.OTHER


def of_rest(before: tuple[ReportPatient, str], after: tuple[ReportPatient, str]) -> Change:
    """How patient and comment differ: a name or words that changed are no error of a result (R6)."""
    return Change.SAME if before == after else Change.OTHER


def changes(before: Sequence[ReportResult], after: Sequence[ReportResult]) -> tuple[ReportChange, ...]:
    """What a reader of the version before needs to know about each result that is different now."""
    known = {line.observation: line for line in before}
    return tuple(
        ReportChange(
            test=line.content.test,
            name=line.content.name,
            before=_shown(known[line.observation].content),
            after=_shown(line.content),
            reason=line.content.reason,
        )
        for line in after
        if line.observation in known and of_line(known[line.observation], line) is not Change.SAME
    )


def words(value: Value) -> str:
    """A value in words that no language changes: the digits that were reported, with comparator and unit."""
    match value:
        case Quantity():
            return f"{value.comparator}{format(value.number, 'f')} {value.ucum}".strip()
        case Coded():
            return value.text or value.code
        case Text():
            return value.text
        case Absent():
            return f"[{value.reason}]"


def _decisive(line: ReportResult) -> tuple[object, ...]:
    said = line.content
    return (said.value, said.flag, said.specimen_type, line.accession, line.state == "cancelled")


def _rest(line: ReportResult) -> tuple[object, ...]:
    # Another version was opened by a correction and signed again: a reader is told so even where it says the same.
    said = line.content
    return (line.version, said.name, said.reference, said.comment, said.method, said.collected_at)


def _shown(said: Observation) -> str:
    return f"{words(said.value)} {said.flag}".strip()

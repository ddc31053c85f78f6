"""Which state may follow which, and which act takes the step: what is not listed cannot happen.

One table for two readers. `lab.statuses` adds who may take a step, and cites its rule in history; custody refuses at
`prepare` what an act leads to by no listed steps, whoever asks. Rules are those of the laboratory (DOMAIN 3). One act
may take several steps at once: a tube that is collected, received and accepted by one scan is written once.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from aliquot.terms.kinds import Kind
from aliquot.terms.states import Analysis, Order, Quarantine, Report, Requisition, Specimen

S = TypeVar("S", bound=StrEnum)
S_co = TypeVar("S_co", bound=StrEnum, covariant=True)

KNOWN = "known"
"""The only state of what has none: identity, notes, messages, documents."""
NOTHING = ""
"""What stands before the first version."""


class Step(NamedTuple, Generic[S_co]):
    """One listed step. From None is creation; `acts` are those that take it in this version, perhaps none."""

    rule: str
    before: S_co | None
    after: S_co
    acts: tuple[str, ...]


def _steps(rule: str, before: Sequence[S | None], after: S, *acts: str) -> tuple[Step[S], ...]:
    return tuple(Step(rule, each, after, acts) for each in before)


_MEASURING = ("RecordResults", "TypeResult")
_UNRELEASED = (
    Analysis.REQUESTED,
    Analysis.READY,
    Analysis.MEASURED,
    Analysis.TECH_VALIDATED,
    Analysis.MED_VALIDATED,
)
_KEPT = (Specimen.ACCEPTED, Specimen.ACCEPTED_WITH_RESERVE)
_ISSUED = (Report.FINAL, Report.CORRECTED, Report.AMENDED, Report.APPENDED)
_NOT_ISSUED = (None, Report.PRELIMINARY, Report.CANCELLED)

ORDER: tuple[Step[Order], ...] = (
    *_steps("O1", [None], Order.DRAFT, "PlaceOrder"),
    *_steps("O2", [Order.DRAFT], Order.ACTIVE, "PlaceOrder"),
    *_steps("O3", [Order.ACTIVE], Order.ON_HOLD),
    *_steps("O3", [Order.ON_HOLD], Order.ACTIVE),
    *_steps("O4", [Order.ACTIVE], Order.REVOKED),
    *_steps("O5", [Order.ACTIVE], Order.COMPLETED, "ReleaseReport"),
    *_steps("O6", [each for each in Order if each is not Order.IN_ERROR], Order.IN_ERROR),
)

SPECIMEN: tuple[Step[Specimen], ...] = (
    *_steps("O2", [None], Specimen.EXPECTED, "PlaceOrder", "RejectSpecimen"),
    *_steps("P1", [Specimen.EXPECTED], Specimen.COLLECTED, "ReceiveSpecimen"),
    *_steps("P2", [Specimen.COLLECTED], Specimen.RECEIVED, "ReceiveSpecimen"),
    *_steps("P3", [Specimen.RECEIVED], Specimen.ACCEPTED, "ReceiveSpecimen"),
    *_steps("P4", [Specimen.RECEIVED], Specimen.ACCEPTED_WITH_RESERVE),
    *_steps("P5", [Specimen.RECEIVED, Specimen.ACCEPTED], Specimen.REJECTED, "RejectSpecimen"),
    *_steps("P9", [*_KEPT, Specimen.REJECTED], Specimen.DISPOSED),
    *_steps("P10", [Specimen.COLLECTED, Specimen.RECEIVED, *_KEPT], Specimen.LOST),
)
"""A rejected tube is accepted never (P11)."""

ANALYSIS: tuple[Step[Analysis], ...] = (
    *_steps("O2", [None], Analysis.REQUESTED, *_MEASURING, "RejectSpecimen"),
    *_steps("A1", [Analysis.REQUESTED], Analysis.READY, *_MEASURING),
    *_steps("A3", [Analysis.READY], Analysis.MEASURED, *_MEASURING),
    *_steps("A4", [Analysis.MEASURED], Analysis.READY, "ValidateTechnically"),
    *_steps("A5", [Analysis.MEASURED], Analysis.TECH_VALIDATED, "ValidateTechnically", "VerifyResults"),
    *_steps("A6", [Analysis.TECH_VALIDATED], Analysis.MED_VALIDATED, "ValidateMedically"),
    *_steps("A7", [Analysis.MEASURED], Analysis.MED_VALIDATED, "ValidateMedically"),
    *_steps("A8", [Analysis.MED_VALIDATED], Analysis.RELEASED, "ReleaseReport"),
    *_steps("A9", [Analysis.TECH_VALIDATED, Analysis.MED_VALIDATED], Analysis.MEASURED, "ValidateMedically"),
    # The next version opens; the released one stays as it is and stays current until the next is released.
    *_steps("A10", [Analysis.RELEASED], Analysis.MEASURED, "CorrectResult"),
    *_steps(
        "A12",
        _UNRELEASED,
        Analysis.CANCELLED,
        "TypeResult",
        "RejectSpecimen",
        "ValidateTechnically",
        "ValidateMedically",
    ),
    *_steps("A13", [Analysis.REQUESTED, Analysis.READY], Analysis.REQUESTED),
    *_steps("A14", [Analysis.RELEASED], Analysis.WITHDRAWN),
)

REQUISITION: tuple[Step[Requisition], ...] = (
    *_steps("O1", [None], Requisition.OPEN, "PlaceOrder"),
    *_steps("O5", [Requisition.OPEN], Requisition.CLOSED, "ReleaseReport"),
    *_steps("A10", [Requisition.CLOSED], Requisition.OPEN, "CorrectResult"),
)

REPORT: tuple[Step[Report], ...] = (
    *_steps("R3", [*_NOT_ISSUED], Report.PRELIMINARY, "ReleaseReport"),
    *_steps("R4", [*_NOT_ISSUED], Report.FINAL, "ReleaseReport"),
    *_steps("R5", _ISSUED, Report.CORRECTED, "ReleaseReport"),
    *_steps("R6", _ISSUED, Report.AMENDED, "ReleaseReport"),
    *_steps("R7", _ISSUED, Report.APPENDED, "ReleaseReport"),
    *_steps("R9", [*_NOT_ISSUED, *_ISSUED], Report.CANCELLED, "ReleaseReport"),
)
"""What was issued as final is never preliminary again."""

QUARANTINE: tuple[Step[Quarantine], ...] = (
    *_steps("M4", [None], Quarantine.WAITING, "KeepQuarantined"),
    *_steps("M4", [Quarantine.WAITING], Quarantine.REPAIRED, "RepairQuarantined"),
    *_steps("M4", [Quarantine.WAITING, Quarantine.REPAIRED], Quarantine.REFUSED, "RepairQuarantined"),
    *_steps("M4", [Quarantine.REPAIRED], Quarantine.WAITING, "RetryQuarantined"),
    *_steps("M4", [Quarantine.REPAIRED], Quarantine.FILED, "RetryQuarantined"),
    *_steps("M4", [Quarantine.REPAIRED], Quarantine.DUPLICATE, "RetryQuarantined"),
)

_STEPS: Mapping[Kind, Sequence[Step[StrEnum]]] = {
    Kind.ORDER: ORDER,
    Kind.SPECIMEN: SPECIMEN,
    Kind.OBSERVATION: ANALYSIS,
    Kind.REQUISITION: REQUISITION,
    Kind.REPORT: REPORT,
    Kind.QUARANTINE: QUARANTINE,
}

_AT_ONCE = frozenset({Kind.ORDER, Kind.SPECIMEN, Kind.OBSERVATION})
"""Of what one act may take several steps at once."""

_LOADED: Mapping[Kind, frozenset[str]] = {
    Kind.REQUISITION: frozenset({Requisition.CLOSED}),
    Kind.ORDER: frozenset({Order.COMPLETED}),
    Kind.SPECIMEN: frozenset({Specimen.ACCEPTED}),
    Kind.OBSERVATION: frozenset({Analysis.RELEASED, Analysis.CANCELLED, Analysis.WITHDRAWN, Analysis.UNKNOWN}),
}
"""How `LoadHistory` brings in a past (I5): it is over, and begins in the state in which it ended."""

_AGAIN: Mapping[tuple[Kind, str], frozenset[str]] = {
    (Kind.OBSERVATION, Analysis.MEASURED): frozenset({*_MEASURING, "VerifyResults"}),
    (Kind.QUARANTINE, Quarantine.REPAIRED): frozenset({"RepairQuarantined"}),
    (Kind.COMMENT, KNOWN): frozenset({"ValidateTechnically", "ValidateMedically"}),
    (Kind.CATALOGUE, KNOWN): frozenset({"PublishCatalogue"}),
    (Kind.PAPER, KNOWN): frozenset({"RunMigration", "CertifyMigration"}),
}
"""The next version in the same state: a repeat (A4 and A3), holds of the rules, another repair, another wording."""

_BEGUN: Mapping[Kind, frozenset[str]] = {
    **dict.fromkeys(
        (Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT, Kind.NOTE), frozenset({"RegisterPatient"})
    ),
    Kind.CLINICAL_NOTE: frozenset({"PlaceOrder", "LoadHistory"}),
    Kind.COMMENT: frozenset({"ValidateTechnically", "ValidateMedically"}),
    Kind.IMPORT: frozenset({"LoadHistory"}),
    Kind.DOCUMENT: frozenset({"ReleaseReport"}),
    Kind.DISCLOSURE: frozenset({"ReleaseReport", "ReadReport"}),
    Kind.MESSAGE: frozenset({"RecordResults"}),
    Kind.CATALOGUE: frozenset({"PublishCatalogue"}),
    Kind.PAPER: frozenset({"RunMigration", "CertifyMigration"}),
}
"""Who writes the first version of what has no state."""


def may(act: str, kind: Kind, before: str, after: str) -> bool:
    """Whether an act leads what is in one state (`NOTHING`: is not there yet) to another."""
    return (before, after) in _ALLOWED.get((act, kind), frozenset())


def _reached(taken: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Every pair of states that listed steps lead from and to, one after the other; never back to where it began."""
    for begin in {before for before, _ in taken}:
        reached, waiting = set[str](), [begin]
        while waiting:
            at = waiting.pop()
            found = {after for before, after in taken if before == at} - reached
            reached |= found
            waiting += found
        yield from ((begin, after) for after in reached - {begin})


def _listed() -> Iterator[tuple[str, Kind, str, str]]:
    for kind, steps in _STEPS.items():
        for act in {act for step in steps for act in step.acts}:
            taken = [(str(step.before or NOTHING), str(step.after)) for step in steps if act in step.acts]
            pairs = _reached(taken) if kind in _AT_ONCE else taken
            yield from ((act, kind, before, after) for before, after in pairs)
    for kind, states in _LOADED.items():
        yield from (("LoadHistory", kind, NOTHING, state) for state in states)
    for kind, acts in _BEGUN.items():
        yield from ((act, kind, NOTHING, KNOWN) for act in acts)
    for (kind, state), acts in _AGAIN.items():
        yield from ((act, kind, state, state) for act in acts)


def _folded() -> dict[tuple[str, Kind], frozenset[tuple[str, str]]]:
    folded: dict[tuple[str, Kind], set[tuple[str, str]]] = {}
    for act, kind, before, after in _listed():
        folded.setdefault((act, kind), set()).add((before, after))
    return {key: frozenset(pairs) for key, pairs in folded.items()}


_ALLOWED = _folded()

"""The table of states at custody's door: whoever asks, an act leads nowhere but where the table says."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from enum import StrEnum

import pytest

from aliquot.cli.scratch import World
from aliquot.custody.portions import PORTIONS
from aliquot.custody.protocol import Failed, Prepare, Prepared, Write, Writing
from aliquot.custody.store import Turn
from aliquot.terms import canonical, papers, states, transitions
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.papers import Paper
from aliquot.terms.states import Analysis, Order, Report, Specimen
from tests.custody.forger import Forger, service
from tests.custody.speaker import EMPTY, JEANNE, person
from tests.plan import NORD

# What each act may lead to, written down a second time: act, kind, from>to. "-" is what is not there yet. An act or a
# kind that comes new has no line here, and fails.
LISTED = """
RegisterPatient DEMOGRAPHY ->known
RegisterPatient TRAITS ->known
RegisterPatient IDENTIFIERS ->known
RegisterPatient CONTACT ->known
RegisterPatient NOTE ->known
PlaceOrder REQUISITION ->open
PlaceOrder ORDER ->active draft>active
PlaceOrder SPECIMEN ->expected
PlaceOrder CLINICAL_NOTE ->known
ReceiveSpecimen SPECIMEN expected>received,accepted collected>received,accepted received>accepted
RejectSpecimen SPECIMEN ->expected received>rejected accepted>rejected
RejectSpecimen OBSERVATION ->cancelled requested>cancelled ready>cancelled measured>cancelled
RejectSpecimen OBSERVATION tech-validated>cancelled med-validated>cancelled
RecordResults OBSERVATION ->measured requested>measured ready>measured measured>measured
RecordResults MESSAGE ->known
TypeResult OBSERVATION ->measured,cancelled requested>measured,cancelled ready>measured,cancelled
TypeResult OBSERVATION measured>measured,cancelled tech-validated>cancelled med-validated>cancelled
VerifyResults OBSERVATION measured>measured,tech-validated
ValidateTechnically OBSERVATION measured>ready,tech-validated,cancelled requested>cancelled ready>cancelled
ValidateTechnically OBSERVATION tech-validated>cancelled med-validated>cancelled
ValidateTechnically COMMENT ->known known>known
ValidateMedically OBSERVATION measured>med-validated,cancelled tech-validated>med-validated,measured,cancelled
ValidateMedically OBSERVATION med-validated>measured,cancelled requested>cancelled ready>cancelled
ValidateMedically COMMENT ->known known>known
ReleaseReport OBSERVATION med-validated>released
ReleaseReport REPORT ->preliminary,final,cancelled preliminary>preliminary,final,cancelled
ReleaseReport REPORT cancelled>preliminary,final,cancelled final>corrected,amended,appended,cancelled
ReleaseReport REPORT corrected>corrected,amended,appended,cancelled amended>corrected,amended,appended,cancelled
ReleaseReport REPORT appended>corrected,amended,appended,cancelled
ReleaseReport DOCUMENT ->known
ReleaseReport ORDER active>completed
ReleaseReport REQUISITION open>closed
ReleaseReport DISCLOSURE ->known
CorrectResult OBSERVATION released>measured
CorrectResult REQUISITION closed>open
ReadReport DISCLOSURE ->known
KeepQuarantined QUARANTINE ->waiting
RetryQuarantined QUARANTINE repaired>waiting,filed,duplicate
RepairQuarantined QUARANTINE waiting>repaired,refused repaired>repaired,refused
LoadHistory REQUISITION ->closed
LoadHistory ORDER ->completed
LoadHistory SPECIMEN ->accepted
LoadHistory CLINICAL_NOTE ->known
LoadHistory OBSERVATION ->released,cancelled,withdrawn,unknown
LoadHistory IMPORT ->known
PublishCatalogue CATALOGUE ->known known>known
RunMigration PAPER ->known known>known
CertifyMigration PAPER ->known known>known
"""
STATES: dict[Kind, type[StrEnum]] = {
    Kind.ORDER: states.Order,
    Kind.SPECIMEN: states.Specimen,
    Kind.OBSERVATION: states.Analysis,
    Kind.REQUISITION: states.Requisition,
    Kind.REPORT: states.Report,
    Kind.QUARANTINE: states.Quarantine,
}


_WITHOUT_WORK = {
    *(Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT, Kind.NOTE),
    *(Kind.QUARANTINE, Kind.CATALOGUE, Kind.PAPER),
}


@dataclass(frozen=True)
class Step:
    """From one state of a record to another; `tube` is the state of the tube, where it is a result."""

    kind: Kind
    before: str
    after: str
    tube: Specimen = Specimen.ACCEPTED


def listed() -> set[tuple[str, Kind, str, str]]:
    """The lines above, one for each step."""
    lines = [line.split() for line in LISTED.splitlines() if line]
    return {
        (act, Kind[kind], "" if before == "-" else before, after)
        for act, kind, *steps in lines
        for before, _, afters in (step.rpartition(">") for step in steps)
        for after in afters.split(",")
    }


def states_of(kind: Kind) -> tuple[str, ...]:
    """Every state that a kind can be in."""
    return tuple(STATES[kind]) if kind in STATES else (transitions.KNOWN,)


class Door:
    """Records are put straight in, and acts that were forged ask to write over them."""

    def __init__(self, forger: Forger, patient: Id) -> None:
        self._forger, self._patient = forger, patient
        self._asked: list[Prepare] = []

    def ask(self, turn: Turn, act: str, step: Step, parents: tuple[bytes, ...] | None = None) -> None:
        """Let an act write the next version of a record that stands in a state, or the first of one."""
        work, record, tube = self._forger.id(), self._forger.id(), self._forger.id()
        record = {Kind.REQUISITION: work, Kind.PAPER: papers.identity(work, Paper.MAP)}.get(step.kind, record)
        self._stands(turn, Kind.SPECIMEN, step.tube, (tube, work))
        if step.before:
            self._stands(turn, step.kind, step.before, (record, b"" if step.kind in _WITHOUT_WORK else work))
        own = {Kind.REQUISITION: (), Kind.OBSERVATION: (work, self._forger.id(), tube)}.get(step.kind, (work,))
        body = canonical.encode(JEANNE) if step.kind is Kind.DEMOGRAPHY else EMPTY
        given = own if parents is None else (work, *parents)
        write = Write(step.kind, record, 2 if step.before else 1, 1, step.after, given, 0, body)
        mandate = work if step.kind is Kind.PAPER else b""
        _, grant = self._forger.grant(turn, act, self._patient, work, mandate)
        self._asked.append(Prepare((Writing(grant, (write,)),)))

    def answers(self) -> list[bool]:
        """For each that was asked, whether custody let it; everything else was refused for not being of the act."""
        replies = self._forger.say(*self._asked)
        refusals = {reply.code for reply in replies if isinstance(reply, Failed)}
        assert refusals <= {"not-of-this-act"}
        return [isinstance(reply, Prepared) for reply in replies]

    def turn(self) -> AbstractContextManager[Turn]:
        """A transaction to put things in."""
        return self._forger.turn()

    def _stands(self, turn: Turn, kind: Kind, state: str, where: tuple[bytes, bytes]) -> None:
        record, work = where
        turn.db.execute(
            "INSERT INTO resource (id, subject, work, kind, version, state, harm, hash)"
            " VALUES (?, ?, ?, ?, 1, ?, 0, x'')",
            (record, self._patient, work, kind, state),
        )


@pytest.fixture
def door(small_lab: World) -> Iterator[Door]:
    """A door with one patient behind it."""
    patient, _ = person(small_lab, "secretary@nord").register()
    forger = Forger(small_lab, service(small_lab))
    yield Door(forger, patient)
    forger.close()


def test_no_act_leads_anywhere_but_where_it_is_listed(door: Door) -> None:
    every = [
        (act, kind, before, after)
        for act in PORTIONS
        for kind in Kind
        for before in (transitions.NOTHING, *states_of(kind))
        for after in states_of(kind)
    ]
    with door.turn() as turn:
        for act, kind, before, after in every:
            door.ask(turn, act, Step(kind, before, after))
    let = {step for step, answer in zip(every, door.answers(), strict=True) if answer}
    assert let == listed()


@pytest.mark.parametrize("act", ["VerifyResults", "ValidateTechnically", "ValidateMedically", "ReleaseReport"])
def test_nothing_that_was_measured_on_a_rejected_tube_is_validated(door: Door, act: str) -> None:
    """INV-18: nor is what names no tube, or a tube that nobody knows."""
    step = {
        "ValidateMedically": Step(Kind.OBSERVATION, Analysis.TECH_VALIDATED, Analysis.MED_VALIDATED),
        "ReleaseReport": Step(Kind.OBSERVATION, Analysis.MED_VALIDATED, Analysis.RELEASED),
    }.get(act, Step(Kind.OBSERVATION, Analysis.MEASURED, Analysis.TECH_VALIDATED))
    with door.turn() as turn:
        for tube in Specimen:
            door.ask(turn, act, replace(step, tube=tube))
        for parents in ((), (NORD + bytes(12),), (NORD + bytes(12), NORD + bytes(12))):
            door.ask(turn, act, step, parents)
    assert door.answers() == [tube is not Specimen.REJECTED for tube in Specimen] + [False] * 3


def test_every_state_of_every_kind_is_somebodys_or_is_known_to_be_nobodys_yet() -> None:
    """What the words have and no act leads to: states of rules that this version does not have."""
    reached = {(kind, after) for _, kind, _, after in listed()}
    nobodys = {(kind, state) for kind in STATES for state in states_of(kind)} - reached
    assert nobodys == {
        *((Kind.ORDER, state) for state in (Order.DRAFT, Order.ON_HOLD, Order.REVOKED, Order.IN_ERROR)),
        *((Kind.SPECIMEN, state) for state in (Specimen.COLLECTED, Specimen.ACCEPTED_WITH_RESERVE)),
        *((Kind.SPECIMEN, state) for state in (Specimen.DISPOSED, Specimen.LOST, Specimen.IN_ERROR)),
        (Kind.OBSERVATION, Analysis.REQUESTED),
        *((Kind.REPORT, state) for state in (Report.REGISTERED, Report.PARTIAL, Report.IN_ERROR)),
    }

"""INV-26: whoever administers people, sites and devices opens nothing clinical: by no act, of no kind."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from aliquot.cli.scratch import World
from aliquot.custody import policy
from aliquot.custody.frames import Row
from aliquot.custody.holdings import organization
from aliquot.custody.policy import Policies
from aliquot.custody.portions import PORTIONS, About
from aliquot.custody.protocol import (
    Act,
    End,
    Ending,
    Enter,
    Entered,
    Granted,
    Open,
    Opened,
    Prepare,
    Prepared,
    Reading,
    Write,
    Writing,
)
from aliquot.terms import canonical, papers
from aliquot.terms.kinds import Kind
from aliquot.terms.papers import Paper
from aliquot.terms.purposes import Purpose
from tests.custody import bureau, golden
from tests.custody.forger import Forger
from tests.custody.speaker import JEANNE, Speaker, person, row
from tests.plan import NORD

MAY = {"ReadCatalogue", "Administer", "ReadStaff"}
"""Every act that an administrator is ever allowed; a new one is not among them until somebody writes it here."""
OPENING = {"PlaceOrder", "LoadHistory"}  # acts that bring a requisition of their own
SECRET = b'{"planted":"Zqxadministered"}'
# A line for each kind: by which act it comes to be, in which state. A kind that comes new has none, and fails.
MADE = {
    Kind.DEMOGRAPHY: ("RegisterPatient", "known"),
    Kind.TRAITS: ("RegisterPatient", "known"),
    Kind.IDENTIFIERS: ("RegisterPatient", "known"),
    Kind.CONTACT: ("RegisterPatient", "known"),
    Kind.NOTE: ("RegisterPatient", "known"),
    Kind.REQUISITION: ("PlaceOrder", "open"),
    Kind.ORDER: ("PlaceOrder", "active"),
    Kind.CLINICAL_NOTE: ("PlaceOrder", "known"),
    Kind.SPECIMEN: ("PlaceOrder", "expected"),
    Kind.OBSERVATION: ("TypeResult", "measured"),
    Kind.COMMENT: ("ValidateTechnically", "known"),
    Kind.IMPORT: ("LoadHistory", "known"),
    Kind.REPORT: ("ReleaseReport", "final"),
    Kind.DOCUMENT: ("ReleaseReport", "known"),
    Kind.DISCLOSURE: ("ReleaseReport", "known"),
    Kind.MESSAGE: ("RecordResults", "known"),
    Kind.QUARANTINE: ("KeepQuarantined", "waiting"),
    Kind.CATALOGUE: ("PublishCatalogue", "known"),
    Kind.PAPER: ("RunMigration", "known"),
}
NEVER_GIVEN_OUT = {Kind.CARD}


class House:
    """One record of each kind, kept; and an administrator who asks for them."""

    def __init__(self, lab: World) -> None:
        maker, administrator = person(lab, "technician@nord"), person(lab, "administrator@nord")
        secretary = person(lab, "secretary@nord")
        self._patient, _ = secretary.register()
        self._work, _ = secretary.order(self._patient)
        self._lab, self._ticket = lab, administrator.ticket
        session = hashlib.sha256(maker.ticket).digest()
        (own,) = lab.custodian.custodian.store.db.execute(
            "SELECT person FROM session WHERE ticket = ?", (session,)
        ).fetchone()
        self.forger = Forger(lab, replace(bureau.asker("maker", "worker", NORD), session=session, person=own))
        self._rows = {kind: self._make(kind, maker) for kind in MADE if kind is not Kind.REQUISITION}

    def tries(self, name: str, purpose: Purpose) -> tuple[str, set[Kind]]:
        """What an administrator is told who enters an act, and which kinds they then read something of."""
        portion = PORTIONS[name]
        about = organization(NORD) if portion.about is About.ORGANIZATION else self._patient
        subject = self.forger.id() if portion.about is About.NEW_PATIENT else about
        factor = self._lab.factor("administrator@nord") if portion.factor or purpose is Purpose.BTG else None
        work = b"" if portion.about is not About.PATIENT else self.forger.id() if name in OPENING else self._work
        act = Act(self.forger.id(), name, subject, purpose, work=work, reason="curious", factor=factor)
        (entered,) = self.forger.say(Enter(self._ticket, (act,)))
        assert isinstance(entered, Entered)
        (outcome,) = entered.outcomes
        if not isinstance(outcome, Granted):
            return outcome.code, set()
        (opened,) = self.forger.say(Open((Reading(outcome.grant, tuple(self._rows.values())),)))
        assert isinstance(opened, Opened)
        contents = zip(self._rows, opened.readings[0].contents, strict=True)
        return "granted", {kind for kind, content in contents if content.body}

    def _make(self, kind: Kind, maker: Speaker) -> Row:
        act, state = MADE[kind]
        subject = organization(NORD) if PORTIONS[act].about is About.ORGANIZATION else self._patient
        mandate = self.forger.id() if kind is Kind.PAPER else b""
        with self.forger.turn() as turn:
            identity, grant = self.forger.grant(turn, act, subject, self._work, mandate)
        body = canonical.encode(JEANNE) if kind is Kind.DEMOGRAPHY else SECRET
        own = papers.identity(mandate, Paper.MAP) if mandate else self.forger.id()
        write = Write(kind, own, 1, 1, state, (self._work,), 0, body)
        (prepared,) = self.forger.say(Prepare((Writing(grant, (write,)),)))
        assert isinstance(prepared, Prepared), prepared
        self.forger.say(End(maker.ticket, (Ending(identity, "kept"),)))
        return row(write, prepared.writings[0][0])


@pytest.fixture
def house(small_lab: World) -> Iterator[House]:
    """A laboratory with one record of each kind."""
    made = House(small_lab)
    yield made
    made.forger.close()


def test_there_is_a_record_of_each_kind() -> None:
    assert set(MADE) | NEVER_GIVEN_OUT == set(Kind)


def test_the_administrator_enters_and_opens_nothing_clinical_by_any_act_for_any_purpose(house: House) -> None:
    tried = {(name, purpose): house.tries(name, purpose) for name in PORTIONS for purpose in Purpose}
    assert {name for (name, _), (told, _) in tried.items() if told == "granted"} == MAY
    assert {told for told, _ in tried.values()} == {"granted", "forbidden"}
    assert set().union(*(kinds for _, kinds in tried.values())) == {Kind.CATALOGUE}


def test_no_fact_lets_an_administrator_do_more() -> None:
    """The policies themselves, asked with every purpose and every set of facts."""
    policies = Policies.load(policy.SHIPPED)
    administrator = next(asker for asker in golden.ASKERS if asker.name == "administrator")
    allowed = {
        name
        for name in PORTIONS
        for purpose in Purpose
        for _, question in golden.questions(name, administrator, purpose)
        if policies.decide(question).allowed
    }
    assert allowed == MAY
    assert set().union(*(PORTIONS[name].reads for name in MAY)) == {Kind.CATALOGUE}

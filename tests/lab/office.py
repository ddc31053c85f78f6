"""A laboratory's bench and office at work: an analyser that measures, a technician, biologists, and their reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from aliquot.access import door, people, rows
from aliquot.access.acts import (
    Act,
    ConfirmOrder,
    CorrectResult,
    PlaceOrder,
    ReadReport,
    RecordResults,
    ReleaseReport,
    TypeResult,
    ValidateMedically,
    ValidateTechnically,
    VerifyResults,
)
from aliquot.access.door import Actor, Intent
from aliquot.custody.protocol import Factor
from aliquot.lab import catalogue, corrections, dossier, orders, reports, results, rules, validation
from aliquot.lab.content import Laboratory, Report
from aliquot.lab.corrections import Correction
from aliquot.lab.dossier import Dossier
from aliquot.lab.holds import Override
from aliquot.lab.orders import Placed, Wanted
from aliquot.lab.reports import Issued
from aliquot.lab.results import Measured, Message, Spot, Typed
from aliquot.lab.rules import Judged
from aliquot.lab.setting import Setting
from aliquot.lab.signing import Signer
from aliquot.lab.specimens import Arrival
from aliquot.lab.statuses import Role
from aliquot.lab.validation import Choice, SentBack, Signed
from aliquot.lab.verification import Policy, Quality
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Coded, Comparator, Quantity, Value
from tests.lab import desk
from tests.lab.desk import Desk
from tests.world import World

CATALOGUE = catalogue.parse("""
version = 1

[[tests]]
code = "NA"
loinc = "2951-2"
names = { en = "Sodium", fr = "Sodium" }
section = "biochemistry"
specimen_type = "SER"
tube = "yellow"
method = "ion-selective electrode"
ucum = "mmol/L"
references = [{ low = 136, high = 145, text = "adult" }]
delta = { kind = "absolute", max_days = 30, absolute = 5 }

[[tests]]
code = "K"
loinc = "2823-3"
names = { en = "Potassium", fr = "Kaliémie" }
section = "biochemistry"
specimen_type = "SER"
tube = "yellow"
method = "ion-selective electrode"
ucum = "mmol/L"
decimals = 1
references = [{ low = 3.5, high = 5.1 }]
criticals = [{ low = 2.5, high = 6.5 }]
double_read = true

[[tests]]
code = "RPR"
loinc = "20507-0"
names = { en = "Syphilis", fr = "Syphilis" }
section = "serology"
specimen_type = "SER"
tube = "yellow"
method = "agglutination"
answers = [
  { system = "s", code = "neg", names = { en = "negative", fr = "négatif" }, flag = "N" },
  { system = "s", code = "pos", names = { en = "positive", fr = "positif" }, flag = "A" },
]

[[tests]]
code = "HIV"
loinc = "56888-1"
names = { en = "HIV", fr = "VIH" }
section = "serology"
specimen_type = "SER"
tube = "yellow"
method = "chemiluminescence"
harm = 2
answers = [{ system = "s", code = "neg", names = { en = "negative", fr = "négatif" }, flag = "N" }]

[[devices]]
device = "ANALYSER-1"
allowed_flags = ["N", "H", "L"]
""")
LABORATORY = Laboratory("Laboratoire Nord", ("1 rue de l'Exemple",), "01", "Dr Exemple", "", "Europe/Paris", "fr")
WHERE = Setting(CATALOGUE, LABORATORY)
POLICY = Policy(rules="rules-1", technical=True, without_previous=True)
BY_HAND = Policy(rules="rules-1", technical=False)
CONTROLLED: Mapping[str, Quality] = {"NA": "ok", "K": "ok", "RPR": "ok", "HIV": "ok"}
HISTORY = (42, b"\x0a" * 32)
NEGATIVE, POSITIVE = Coded("s", "neg", "negative"), Coded("s", "pos", "positive")


def number(text: str, comparator: Comparator = "") -> Quantity:
    """A measured value in mmol/L."""
    return Quantity(Decimal(text), "mmol/L", comparator)


@dataclass
class Case:
    """One patient with one requisition, as the tests follow it."""

    patient: Id
    placed: Placed

    @property
    def work(self) -> Id:
        """The requisition."""
        return self.placed.requisition

    @property
    def tube(self) -> Id:
        """The first tube."""
        return self.placed.tubes[0].specimen

    def order(self, test: str) -> Id:
        """The order of a test."""
        return self.placed.orders[test]


@dataclass
class Office:
    """Everybody who touches a result, and the laboratory where they do."""

    lab: World
    reception: Desk
    bench: Actor
    worker: Actor
    _people: dict[str, Actor] = field(default_factory=dict)

    def who(self, name: str) -> Actor:
        """Somebody of the cast, signed in once."""
        if name not in self._people:
            self._people[name] = self.lab.sign_in(f"{name}@nord")
        return self._people[name]

    def signer(self, name: str, role: Role | None = None) -> Signer:
        """How somebody of the cast signs."""
        actor = self.who(name)
        session = people.who(actor.line, actor.ticket)
        return Signer(session.person.hex(), session.name, role or Role(session.roles[0]))

    def meant(self, actor: Actor, factor_of: str = "") -> Intent:
        """An intent, with a fresh factor if somebody shows one."""
        factor = Factor(code=self.lab.code(factor_of)) if factor_of else None
        made = door.intent(actor, self.lab.clock())
        return Intent(made.purpose, made.id, factor=factor)

    def register(self) -> Id:
        """A new patient."""
        return self.reception.register()

    def ask(self, patient: Id, *tests: str, hour: bool = True) -> Case:
        """Order tests, confirm the order, take the tube in; without the hour nobody wrote when it was taken."""
        wanted = desk.wanted(*tests)
        case = Case(patient, self._place(patient, wanted))
        secretary = self.reception.actor
        door.note(secretary, ConfirmOrder(patient, case.work), self.meant(secretary, "secretary@nord"))
        technician = Desk(self.lab, self.bench)
        arrival = desk.arrival(case.placed)
        taken = Arrival(
            arrival.specimen,
            arrival.accession,
            arrival.role,
            collected_at=self.lab.clock() - timedelta(hours=1) if hour else None,
            checks=arrival.checks,
        )
        technician.receive(patient, case.placed, taken)
        return case

    def _place(self, patient: Id, wanted: Wanted) -> Placed:
        act = PlaceOrder(patient, self.reception.id())
        with door.enter(self.reception.actor, act, self.reception.meant()) as grant:
            return orders.place(grant, wanted, WHERE, at=self.lab.clock())

    def record(self, case: Case, found: Mapping[str, Value], *flags: str) -> tuple[Id, ...]:
        """The analyser's message is filed."""
        at = self.lab.clock()
        runs = tuple(
            Measured(case.order(test), value, f"run-{at.isoformat()}", "ANALYSER-1", at, flags)
            for test, value in found.items()
        )
        with door.enter(self.worker, RecordResults(case.patient, case.work), self.meant(self.worker)) as grant:
            known = results.known(grant)
            return results.record(grant, known, Message(case.tube, runs, "ANALYSER-1", b"MSH|raw"), WHERE, at=at)

    def type_(self, case: Case, test: str, value: Value, *, version: int = 0, who: str = "technician") -> None:
        """Somebody types a value."""
        actor, at = self.who(who), self.lab.clock()
        typed = Typed(Spot(case.order(test), case.tube, version), value, at)
        with door.enter(actor, TypeResult(case.patient, case.work), self.meant(actor)) as grant:
            results.type_(grant, (typed,), WHERE, self.signer(who), at=at)

    def cancel(self, case: Case, test: str, *, version: int = 0, reason: str = "QS") -> None:
        """The technician says that a test will not be done."""
        actor, at = self.who("technician"), self.lab.clock()
        spots = (Spot(case.order(test), case.tube, version),)
        with door.enter(actor, TypeResult(case.patient, case.work), self.meant(actor)) as grant:
            results.cancel(grant, results.Cancelled(spots, reason), WHERE, self.signer("technician"), at=at)

    def verify(
        self, case: Case, policy: Policy = POLICY, quality: Mapping[str, Quality] = CONTROLLED
    ) -> tuple[Judged, ...]:
        """The rules look."""
        with door.enter(self.worker, VerifyResults(case.patient, case.work), self.meant(self.worker)) as grant:
            return rules.verify(grant, WHERE, policy, quality, at=self.lab.clock())

    def found(self, case: Case) -> Dossier:
        """The requisition as it stands, for the tests to look at: as a device's filing sees it."""
        with door.enter(self.worker, RecordResults(case.patient, case.work), self.meant(self.worker)) as grant:
            return dossier.read(grant)

    def choice(self, case: Case, test: str, *overrides: Override) -> Choice:
        """The result of a test, as it stands."""
        found = self.found(case)
        result = found.current(found.order(case.order(test)))
        assert result is not None
        return Choice(result.id, result.version, overrides)

    def technically(self, case: Case, *choices: Choice, who: str = "technician") -> tuple[Id, ...]:
        """Somebody validates technically."""
        actor = self.who(who)
        with door.enter(actor, ValidateTechnically(case.patient, case.work), self.meant(actor)) as grant:
            return validation.technically(grant, choices, self.signer(who), at=self.lab.clock())

    def repeat(self, case: Case, *choices: Choice, reason: str = "dilution") -> None:
        """The technician has results measured again."""
        actor = self.who("technician")
        with door.enter(actor, ValidateTechnically(case.patient, case.work), self.meant(actor)) as grant:
            validation.repeat(grant, SentBack(choices, reason), self.signer("technician"), at=self.lab.clock())

    def send_back(self, case: Case, *choices: Choice, reason: str = "look again") -> None:
        """The biologist returns results to the bench."""
        actor = self.who("biologist")
        with door.enter(actor, ValidateMedically(case.patient, case.work), self.meant(actor)) as grant:
            validation.send_back(grant, SentBack(choices, reason), self.signer("biologist"), at=self.lab.clock())

    def medically(self, case: Case, *choices: Choice, comment: str = "", who: str = "biologist") -> Signed:
        """A biologist signs."""
        actor = self.who(who)
        with door.enter(actor, ValidateMedically(case.patient, case.work), self.meant(actor)) as grant:
            return validation.medically(grant, choices, comment, self.signer(who), at=self.lab.clock())

    def release(self, case: Case, who: str = "biologist") -> Report:
        """A biologist issues the next version, with what it was rendered as."""
        actor = self.who(who)
        with door.enter(actor, ReleaseReport(case.patient, case.work), self.meant(actor)) as grant:
            report = reports.release(grant, WHERE, HISTORY, self.signer(who), at=self.lab.clock())
            assert report is not None
            reports.attach(grant, report, b"%PDF" + bytes([report.version]), b"{}")
        return report

    def correct(self, case: Case, choice: Choice, value: Value | None, reason: str = "diluted wrongly") -> None:
        """A biologist opens a released result again, with a fresh factor."""
        actor = self.who("biologist")
        meant = self.meant(actor, "biologist@nord")
        correction = Correction(choice.observation, choice.version, reason, value)
        with door.enter(actor, CorrectResult(case.patient, case.work), meant) as grant:
            corrections.open_(grant, correction, self.signer("biologist"), at=self.lab.clock())

    def read(self, case: Case, who: str = "secretary") -> Issued:
        """Somebody reads what was issued."""
        actor = self.who(who)
        with door.enter(actor, ReadReport(case.patient, case.work), self.meant(actor)) as grant:
            return reports.read(grant)

    def opened(self, act: Act, factor_of: str = "") -> set[bytes]:
        """Which results a biologist sees under an act."""
        actor = self.who("biologist")
        with door.enter(actor, act, self.meant(actor, factor_of)) as grant:
            opened = grant.read(rows.of_subject(act.subject, (Kind.OBSERVATION,)))
        return {record.id for record in opened}

    def finish(self, case: Case, found: Mapping[str, Value]) -> Report:
        """The whole walk where nothing is held: measured, verified by the rules, signed, issued."""
        self.record(case, found)
        self.verify(case)
        for test in found:
            self.medically(case, self.choice(case, test))
        return self.release(case)


def open_(lab: World) -> Office:
    """Everybody comes to work."""
    return Office(lab, desk.desk(lab, "secretary@nord"), lab.sign_in("technician@nord"), lab.work())

"""A laboratory with work of every kind behind it leaves: the way out from the signature to the bundle."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from aliquot.access import exporting, rows
from aliquot.access.exporting import Leave
from aliquot.access.grant import Record
from aliquot.cli.scratch import World
from aliquot.custody import answers
from aliquot.disclosure.departure import Counts, Departure
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id
from aliquot.terms.quantities import Absent, Text
from tests.custody import departing
from tests.custody.departing import FREE_TEXT, KINDS, Receiving
from tests.lab import office
from tests.lab.office import CATALOGUE, Office, number
from tests.legacy import move, old
from tests.legacy.move import Old

EVERYTHING = (*KINDS, *FREE_TEXT)
WORDS = ("Quzcomment", "hémolysé", "diluted wrongly")
"""What somebody wrote as they liked, in the office that has done everything once."""


@dataclass
class Leaving:
    """Who leaves, for whom, and what the exporter sees of it."""

    lab: World
    to: Receiving
    leave: Leave
    folder: Path
    patients: list[Id] = field(default_factory=list)

    def told(self) -> answers.Export:
        """What was signed."""
        with self.leave.running() as grant:
            return exporting.told(grant)

    def departure(self) -> Departure:
        """The export, from its beginning."""
        return Departure(self.leave, self.told(), self.folder)

    def seal(self) -> Counts:
        """Seal everything."""
        return self.departure().seal(CATALOGUE)

    def kept(self) -> Iterator[tuple[Id, Record]]:
        """Every version of every record in scope, as the exporter opens it."""
        for patient in self.patients:
            with self.leave.opening(patient) as grant:
                for record in grant.read(rows.of_subject(patient), history=True):
                    yield patient, record

    def close_work(self, patient: Id) -> None:
        """Nothing of this patient is open any more."""
        db = self.lab.custodian.custodian.store.db
        db.execute("UPDATE work SET closed = opened, confirmed = opened WHERE subject = ?", (patient,))

    def opened(self) -> Iterator[tuple[Id, answers.Access]]:
        """Who has opened whom until now, as it leaves."""
        for patient in self.patients:
            with self.leave.opening(patient) as grant:
                yield from ((patient, opening) for opening in exporting.histories([grant])[0])


def busy(lab: World) -> Office:
    """An office that has done everything once: released, corrected, cancelled, typed, in words, and with a comment."""
    at_work = office.open_(lab)
    first = at_work.ask(at_work.register(), "NA", "K")
    at_work.record(first, {"NA": number("140.50", "<"), "K": number("4.0")})
    at_work.verify(first)
    at_work.medically(first, at_work.choice(first, "NA"), comment="Quzcomment", who="biologist")
    at_work.release(first)
    at_work.correct(first, at_work.choice(first, "NA"), number("141"))
    second = at_work.ask(registered(at_work, "Lorrain", 1948), "NA", "RPR", "HIV", hour=False)
    at_work.type_(second, "NA", Text("hémolysé\x07"))
    at_work.cancel(second, "RPR")
    third = at_work.ask(registered(at_work, "Quimper", 1990), "RPR")
    at_work.type_(third, "RPR", Absent("error"))
    return at_work


def registered(at_work: Office, family: str, year: int) -> Id:
    """Somebody of this name and year of birth."""
    who = Demography(family, ("Anne",), date(year, 4, 1), Sex.FEMALE)
    return at_work.reception.register(at_work.reception.person(who))


def past(lab: World, folder: Path) -> None:
    """Two people were brought in from an old system, one with a result of which nobody knows who validated it."""
    (folder / "old").mkdir()
    people = [old.person(), old.person("18", NOM="MARTIN", NAI="01/02/1980", SEXE="M")]
    results = [old.result(COM="à jeun"), old.result("18", "901", ST="")]
    move.mover(lab).load(Old(folder / "old", people, results))


def leaving(lab: World, folder: Path, kinds: tuple[str, ...] = EVERYTHING, **changed: object) -> Leaving:
    """A part of the laboratory is to leave, and both sides have signed."""
    to = departing.receiving(lab)
    wanted = {"first_on": date(2020, 1, 1), "sites": ("nord", "main"), **changed}
    form = departing.export_form(lab, to, kinds=kinds, **wanted)
    actor = departing.exporter(lab, form.service)
    leave = departing.leave(lab, actor, departing.signed(lab, form))
    return Leaving(lab, to, leave, folder, list(exporting.listed(leave)))

"""What the simulator knows to be true beside what stands in the record: each value, whose it is, and from when."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from aliquot.cli.simulate import writing
from aliquot.cli.simulate.truth import PatientTruth, ResultTruth
from aliquot.legacy import asking, comparing
from aliquot.legacy.comparing import Here
from aliquot.legacy.fates import Account
from aliquot.legacy.people import Person
from aliquot.legacy.sorting import Sorter
from aliquot.record import models
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Absent, Quantity, Value
from tests.legacy.moves.made import Made, Mover

_STATES = {"final": "released", "corrected": "released", "preliminary": "unknown", "registered": "unknown"}


class Said(NamedTuple):
    """One result, in the words of neither side."""

    person: str
    test: str
    loinc: str
    value: str
    state: str
    at: datetime | None


def people(mover: Mover, table: str, out: Path) -> Iterator[tuple[Person, PatientTruth]]:
    """Everybody who can come over, as the map reads them, beside who they really are."""
    lines = (writing.truth_beside(out) / "patients.jsonl").read_bytes().splitlines()
    truths = {one.number: one for one in (msgspec.json.decode(line, type=PatientTruth) for line in lines)}
    with mover.reading() as reading:
        sorter = Sorter(mover.drawn, mover.catalogue, Account(), mover.lab.clock().date())
        for found in sorter.people(mover.plan.mandate.table(table), reading.rows(table)):
            yield found.person, truths[found.person.number]


def results(out: Path) -> list[ResultTruth]:
    """What each row of results really says."""
    lines = (writing.truth_beside(out) / "results.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=ResultTruth) for line in lines]


def told(truths: list[ResultTruth]) -> Counter[Said]:
    """The truth, counted."""
    return Counter(
        Said(one.number, one.test, one.loinc, _value(one.value), _STATES.get(one.status, one.status), _at(one))
        for one in truths
    )


def kept(made: Made, truths: list[ResultTruth]) -> Counter[Said]:
    """What stands in the record, counted; a result that is nobody's of the truth is named as such."""
    numbers = tuple({one.number for one in truths})
    with made.leave.running() as grant:
        owners = dict(zip(asking.names(grant, "patient", numbers), numbers, strict=True))
    found = models.Version.objects.filter(kind=Kind.OBSERVATION).values_list("resource", flat=True)
    here = comparing.found(made.leave, [Id(bytes(each)) for each in found], ZoneInfo(made.drawn.zone))
    return Counter(_said(each, owners.get(each.subject, "nobody")) for each in here.values())


def _said(here: Here, person: str) -> Said:
    said = here.kept.content
    return Said(person, said.test, said.loinc, _value(said.value), here.kept.state, said.collected_at)


def _value(value: Value) -> str:
    if isinstance(value, Quantity):
        return f"{value.comparator}{value.number.normalize():f} {value.ucum}"
    # Of a result that had not come yet the old system keeps an empty cell, which does not say why.
    return "Absent(reason='unknown')" if value == Absent("temp-unknown") else repr(value)


def _at(one: ResultTruth) -> datetime | None:
    return datetime.fromisoformat(one.collected_at).astimezone(UTC)

"""The past of a synthetic patient: closed requisitions of two years, as another system would hand them over."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from aliquot.cli.demo import results
from aliquot.cli.demo.people import Person
from aliquot.lab import catalogue, content, numbers, orders, reference, setting
from aliquot.lab.orders import Wanted
from aliquot.lab.pasts import Past, PastResult
from aliquot.lab.setting import Setting
from aliquot.terms.quantities import Coded, Quantity, Value

_LONGEST_AGO_DAYS = 730
_LATEST_DAYS = 20
_PRESCRIBERS = ("Dr A. Exemple", "Dr B. Exemple", "Dr C. Exemple", "Dr D. Exemple")
_COLLECTED = time(7, 50, tzinfo=UTC)
_UNTIL_MEASURED = timedelta(hours=2)


def of(person: Person, where: Setting, site: str, rng: Random, today: date) -> tuple[Past, ...]:
    """One or two visits with their results; fewer for somebody who was not born long enough ago."""
    days = _days(person.demography.born_on, rng, today)
    if not days:
        return ()
    ask = results.ask(rng)
    request = wanted(where, ask, site, rng)
    tests = [each.test.code for each in orders.expand(request, where.catalogue)]
    found = results.visits(where.catalogue, tests, person.demography, rng, days)
    return tuple(_visit(person, where, request, day, row) for day, row in zip(days, found, strict=True))


def wanted(where: Setting, ask: results.Ask, site: str, rng: Random) -> Wanted:
    """A request of the demonstration's mix, with a number of its own."""
    panels = {panel.code for panel in where.catalogue.panels}
    return Wanted(
        site,
        numbers.draw(),
        tests=tuple(code for code in ask.codes if code not in panels),
        panels=tuple(code for code in ask.codes if code in panels),
        priority=ask.priority,
        prescriber=rng.choice(_PRESCRIBERS),
    )


def _days(born_on: date, rng: Random, today: date) -> Sequence[date]:
    first = max(born_on, today - timedelta(days=_LONGEST_AGO_DAYS))
    span = (today - timedelta(days=_LATEST_DAYS) - first).days
    if span < 1:
        return ()
    return sorted({first + timedelta(days=rng.randrange(span)) for _ in range(rng.choice((1, 2)))})


def _visit(person: Person, where: Setting, request: Wanted, day: date, row: dict[str, Value]) -> Past:
    collected_at = datetime.combine(day, _COLLECTED)
    number = numbers.draw()
    needs = orders.tubes(orders.expand(request, where.catalogue), number)
    return Past(
        site=request.site,
        requisition=content.Requisition(
            number=numbers.requisition(number),
            prescriber=request.prescriber,
            prescriber_id="",
            ordered_at=collected_at,
            catalogue_version=where.catalogue.version,
            sex=person.demography.sex,
            age=orders.age(person.demography.born_on, day),
            priority=request.priority,
        ),
        tubes=tuple(
            content.Specimen(need.accession, need.specimen_type, need.tube, need.tests, collected_at, collected_at)
            for need in needs
        ),
        results=tuple(
            PastResult(code, _observation(person, where, code, value, collected_at)) for code, value in row.items()
        ),
    )


def _observation(
    person: Person, where: Setting, code: str, value: Value, collected_at: datetime
) -> content.Observation:
    test = setting.test(where, code)
    bearer = reference.Person(person.demography.sex, person.demography.born_on, collected_at.date())
    normal = reference.select(test.references, bearer)
    return content.Observation(
        test=code,
        loinc=test.loinc,
        name=setting.name(where, test),
        value=value,
        reference=None if normal is None else reference.applied(normal),
        flag=_flag(test, value, bearer),
        holds=(),
        method=test.method,
        device="",
        instrument_flags=(),
        collected_at=collected_at,
        measured_at=collected_at + _UNTIL_MEASURED,
        run="",
        rules="",
        specimen_type=test.specimen_type,
    )


def _flag(test: catalogue.Test, value: Value, bearer: reference.Person) -> str:
    match value:
        case Quantity():
            normal = reference.select(test.references, bearer)
            return reference.flag(value, normal, reference.select(test.criticals, bearer)).value
        case Coded():
            return next(answer.flag.value for answer in test.answers if answer.code == value.code)
        case _:
            return ""

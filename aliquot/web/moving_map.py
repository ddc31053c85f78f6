"""The map as a biologist reads it before signing: the old system's side beside ours, what is least sure first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aliquot.lab import catalogue as catalogues
from aliquot.lab.catalogue import Catalogue
from aliquot.legacy import profile as profiles
from aliquot.legacy.map import Map, Rule
from aliquot.legacy.oldtests import OldTest, Unit
from aliquot.legacy.profile import Profile
from aliquot.terms.mandates import Scope
from aliquot.web import moving_profile, moving_words, orders, patients
from aliquot.web.moving_meanings import MEANINGS, why
from aliquot.web.moving_words import Words
from aliquot.web.tables import Cell, Column, Row, Table

_STATUSES: dict[str, Words] = {
    "final": _("validated"),
    "unknown": _("nobody can say"),
    "deleted": _("crossed out"),
}


@dataclass(frozen=True)
class Sides:
    """Both sides. `parked` counts the old tests, by unit, for which the map has no word."""

    tests: Table
    parked: int
    columns: Sequence[Table]
    words: Table
    zone: str
    system: str


@dataclass(frozen=True)
class _Old:
    """One old test in one unit, as the profile saw it."""

    test: OldTest
    unit: Unit


def of(drawn: Map, profile: Profile | None, scope: Scope, catalogue: Catalogue) -> Sides:
    """Both sides of a map; without a profile only ours."""
    seen = {(old.test.code, old.unit.unit): old for old in _seen(profile)}
    ruled = [(rule, _of_rule(rule, seen)) for rule in drawn.tests]
    named = {id(old) for _rule, olds in ruled for old in olds}
    parked = [old for old in seen.values() if id(old) not in named]
    ours = {test.code: test for test in catalogue.tests}
    return Sides(
        _tests(sorted(ruled, key=lambda one: (one[0].sure, one[0].code)), parked, ours),
        len(parked),
        [_columns(drawn, profile, table.name, table.columns) for table in scope.tables],
        _words(drawn),
        drawn.zone,
        drawn.system,
    )


def _seen(profile: Profile | None) -> Iterator[_Old]:
    for table in profile.tables if profile else ():
        for test in table.tests:
            yield from (_Old(test, unit) for unit in test.units)


def _of_rule(rule: Rule, seen: dict[tuple[str, str], _Old]) -> list[_Old]:
    if rule.unit is not None:
        return [seen[rule.code, rule.unit]] if (rule.code, rule.unit) in seen else []
    return [old for (code, _unit), old in seen.items() if code == rule.code]


def _tests(
    ruled: Sequence[tuple[Rule, Sequence[_Old]]], parked: Sequence[_Old], ours: dict[str, catalogues.Test]
) -> Table:
    columns = (
        Column(_("Old code"), code=True),
        Column(_("Old name and unit")),
        Column(_("5 % – median – 95 %")),
        Column(_("Is here")),
        Column(_("Unit here"), code=True),
        Column(_("How sure")),
        Column(_("Why")),
    )
    rows = [_parked(old) for old in parked] + [_ruled(rule, olds, ours) for rule, olds in ruled]
    return Table(_("Tests"), columns, rows, _("The map names no test: every result is parked"))


def _parked(old: _Old) -> Row:
    return Row(
        (
            Cell(old.test.code),
            Cell(_name(old.test), note=old.unit.unit),
            Cell(moving_profile.values(old.unit), note=_months(old.unit)),
            Cell(_("parked: not in the map"), tone="warn"),
            Cell("–"),
            Cell("–"),
            Cell(moving_words.number(old.unit.cells), note=gettext("results wait in the old system")),
        )
    )


def _ruled(rule: Rule, olds: Sequence[_Old], ours: dict[str, catalogues.Test]) -> Row:
    test = ours.get(rule.test)
    here = Cell(orders.name(test.names), note=f"{test.code} · LOINC {test.loinc}") if test else _left(rule)
    unit = rule.ucum or (test.ucum if test else "")
    return Row(
        (
            Cell(rule.code),
            Cell(_name(olds[0].test) if olds else "–", note=_limits(rule, olds)),
            Cell("; ".join(filter(None, map(moving_profile.values, (old.unit for old in olds))))),
            here,
            Cell(unit or "–"),
            moving_profile.sure(rule.sure),
            Cell(why(rule.reason), note=gettext("may be compared with new results") if rule.same_method else ""),
        )
    )


def _left(rule: Rule) -> Cell:
    return Cell(rule.test, tone="alarm") if rule.test else Cell(_("left behind: parked"), tone="plain")


def _name(test: OldTest) -> str:
    return test.names[0].what if test.names else "–"


def _limits(rule: Rule, olds: Sequence[_Old]) -> str:
    unit = rule.unit if rule.unit is not None else ", ".join(old.unit.unit or "–" for old in olds)
    days = " – ".join(f"{day:%d/%m/%Y}" if day else "…" for day in (rule.since, rule.until))
    return " · ".join(filter(None, (unit, days if rule.since or rule.until else "")))


def _months(unit: Unit) -> str:
    return f"{unit.first} – {unit.last}" if unit.first else ""


def _columns(drawn: Map, profile: Profile | None, name: str, titles: Sequence[str]) -> Table:
    columns = (
        Column(_("Column"), code=True),
        Column(_("Looks like"), code=True),
        Column(_("Means here")),
        Column(_("How sure")),
        Column(_("Why")),
    )
    known = _profiled(profile, name)
    mapped = drawn.tables.get(name, {})
    rows = []
    for title in sorted(titles, key=lambda title: mapped[title].sure if title in mapped else -1):
        column = mapped.get(title)
        looks = Cell(moving_profile.masks(known[title])) if title in known else Cell("–")
        if column is None:
            rows.append(Row((Cell(title), looks, Cell(_("nothing: not in the map"), tone="warn"), Cell("–"), Cell(""))))
            continue
        forms = " ".join((*column.forms, *([f"≤ {column.latest}"] if column.latest else [])))
        cells = Cell(MEANINGS[column.means], note=forms), moving_profile.sure(column.sure), Cell(why(column.reason))
        rows.append(Row((Cell(title), looks, *cells)))
    return Table(name, columns, rows, _("The mandate names no column of it"))


def _profiled(profile: Profile | None, name: str) -> dict[str, profiles.Column]:
    found = next((table for table in profile.tables if table.name == name), None) if profile else None
    return {column.name: column for column in found.columns} if found else {}


def _words(drawn: Map) -> Table:
    columns = (Column(_("What")), Column(_("Old word"), code=True), Column(_("Means here")))
    said: list[tuple[Words, str, str | Promise]] = [
        *((_("Unit"), word, unit) for word, unit in drawn.units.items()),
        *((_("Status"), word, _STATUSES[status]) for word, status in drawn.statuses.items()),
        *((_("Sex"), word, patients.SEXES[sex]) for word, sex in drawn.sexes.items()),
        *((_("Flag"), word, flag) for word, flag in drawn.flags.items()),
        *((_("Site"), word, site) for word, site in drawn.sites.items()),
        *((test, word, code) for test, words in drawn.answers.items() for word, code in words.items()),
        *((_("Crossed out"), word, _STATUSES["deleted"]) for word in drawn.erased),
    ]
    rows = [Row((Cell(what), Cell(word or gettext("(empty)")), Cell(meant))) for what, word, meant in said]
    return Table(_("Words"), columns, rows, _("The map names no word"))

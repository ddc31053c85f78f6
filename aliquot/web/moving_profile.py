"""The profile of an old system as its readers see it: a table for each of its tables, in shapes and counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from aliquot.legacy import profile as profiles
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.oldtests import Unit
from aliquot.legacy.profile import Profile
from aliquot.web import moving_words
from aliquot.web.moving_meanings import KINDS, MEANINGS, SENSITIVE, why
from aliquot.web.tables import Cell, Column, Row, Table, Tone

_SURE, _DOUBTFUL = 80, 50
_MASKS = 3


@dataclass(frozen=True)
class Looked:
    """One table of the old system: how many rows came to be looked at, its columns, and its tests if it has any."""

    name: str
    said: str
    columns: Table
    tests: Table | None


def of(profile: Profile) -> Sequence[Looked]:
    """The whole profile."""
    return [
        Looked(
            table.name,
            _counts(table),
            _columns(
                table, {link.column: f"{link.to}.{link.key}" for link in profile.links if link.table == table.name}
            ),
            _tests(table) if table.tests else None,
        )
        for table in profile.tables
    ]


def sure(percent: int) -> Cell:
    """How sure somebody or something was."""
    tone: Tone = "ok" if percent >= _SURE else "warn" if percent >= _DOUBTFUL else "alarm"
    return Cell(f"{percent}\u00a0%", tone=tone)


def masks(column: profiles.Column) -> str:
    """What the cells look like, the commonest first."""
    return "  ".join(one.what for one in column.masks[:_MASKS])


def values(unit: Unit) -> str:
    """Where the values of an old test lie."""
    if unit.median:
        return f"{unit.p5} – {unit.median} – {unit.p95}"
    return ", ".join(one.what for one in unit.answers)


def _counts(table: profiles.Table) -> str:
    counts = table.counts
    said = [
        ngettext("%(n)s row looked at", "%(n)s rows looked at", counts.in_scope)
        % {"n": moving_words.number(counts.in_scope)}
    ]
    said += [f"{moving_words.reason(why)}: {moving_words.number(rows)}" for why, rows in counts.outside.items()]
    if counts.spoiled:
        said.append(
            ngettext("%(n)s row is broken", "%(n)s rows are broken", counts.spoiled)
            % {"n": moving_words.number(counts.spoiled)}
        )
    return " · ".join(said)


def _columns(table: profiles.Table, links: dict[str, str]) -> Table:
    columns = (
        Column(_("Column"), code=True),
        Column(_("Seems to mean")),
        Column(_("How sure")),
        Column(_("What is in it")),
        Column(_("Looks like"), code=True),
        Column(_("Filled"), number=True),
        Column(_("Different"), number=True),
        Column(_("Look twice")),
    )
    rows = [
        Row(
            (
                Cell(column.name, note=f"→ {links[column.name]}" if column.name in links else ""),
                Cell(MEANINGS[column.guess.meaning], note=why(column.guess.reason)),
                Cell("–") if column.guess.meaning is Meaning.IGNORED else sure(column.guess.sure),
                Cell(moving_words.named(KINDS, column.kind), note=_range(column)),
                Cell(masks(column)),
                Cell(_filled(column), note=moving_words.number(column.cells)),
                Cell(moving_words.number(column.distinct), note=gettext("each once") if column.unique else ""),
                Cell(_remarks(column)),
            )
        )
        for column in table.columns
    ]
    return Table(table.name, columns, rows, _("No column was looked at"))


def _range(column: profiles.Column) -> str:
    return f"{column.least} – {column.most}" if column.least else ""


def _filled(column: profiles.Column) -> str:
    every = column.cells + column.blank + column.absent
    return f"{100 * column.cells // every}\u00a0%" if every else "–"


def _remarks(column: profiles.Column) -> str:
    said = []
    if column.damaged or column.mojibake:
        said.append(gettext("damaged letters: %(n)s") % {"n": moving_words.number(column.damaged + column.mojibake)})
    if column.formats:
        said.append(gettext("dates: %(forms)s") % {"forms": ", ".join(one.what for one in column.formats)})
    if column.two_digit_years:
        said.append(gettext("years of two digits: %(n)s") % {"n": moving_words.number(column.two_digit_years)})
    said += [
        gettext("speaks of %(what)s: %(n)s")
        % {"what": moving_words.named(SENSITIVE, one.what), "n": moving_words.number(one.cells)}
        for one in column.sensitive
    ]
    return "; ".join(said)


def _tests(table: profiles.Table) -> Table:
    columns = (
        Column(_("Old code"), code=True),
        Column(_("Name")),
        Column(_("Unit")),
        Column(_("From")),
        Column(_("To")),
        Column(_("Values"), number=True),
        Column(_("5 % – median – 95 %")),
    )
    rows = [
        Row(
            (
                Cell(test.code),
                Cell(", ".join(one.what for one in test.names)),
                Cell(unit.unit or "–"),
                Cell(unit.first or "–"),
                Cell(unit.last or "–"),
                Cell(moving_words.number(unit.cells)),
                Cell(values(unit)),
            )
        )
        for test in table.tests
        for unit in test.units
    ]
    return Table(gettext("Tests of %(table)s") % {"table": table.name}, columns, rows, _("It has no tests"))

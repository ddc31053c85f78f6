"""Both sides of a migration beside each other, as the two who sign read them: what differs first."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from aliquot.legacy import comparing
from aliquot.legacy.comparing import Fault
from aliquot.legacy.papers import Apart, Reconciled, Side, Summed
from aliquot.web import moving_account, moving_words
from aliquot.web.moving_account import Account
from aliquot.web.moving_words import Words
from aliquot.web.tables import Cell, Column, Row, Table, Tone

FAULTS: dict[Fault, tuple[Tone, Words]] = {
    Fault.MISSING: ("alarm", _("the source has it and it is not here")),
    Fault.DIFFERENT: ("alarm", _("it says something else here")),
    Fault.ANOTHER: ("alarm", _("it stands with another patient here")),
    Fault.SURPLUS: ("warn", _("it is here and no row leads to it")),
}
NEXT: dict[Fault, Words] = {
    Fault.MISSING: _("Load again; decide first who waits under Who is whom."),
    Fault.DIFFERENT: _("Look at one of them on both sides; the reason is nearly always the map."),
    Fault.ANOTHER: _(
        "They are found, not moved: who is whom was decided otherwise since they came. Do not cut over while results"
        " lie with somebody whose they are not."
    ),
    Fault.SURPLUS: _(
        "It came under an earlier map, or its row is gone or changed in the old system; if neither, the privacy officer"
        " asks the history who brought it in."
    ),
}
"""What to do about it."""
_WHOLE: dict[str, Words] = {
    comparing.PERSON: _("a person"),
    comparing.REQUISITION: _("a requisition"),
    "traits": _("birth name, birthplace"),
    "identifiers": _("numbers of a person"),
    "contact": _("address, telephone"),
    "note": _("note about a person"),
    comparing.CONTENT: _("something it says"),
}
_SIDES = (
    Column(_("Old: results"), number=True),
    Column(_("Here"), number=True),
    Column(_("Old: sum"), number=True),
    Column(_("Here"), number=True),
    Column(_("Old: least – most"), number=True),
    Column(_("Here"), number=True),
)


@dataclass(frozen=True)
class Differing:
    """One kind of difference: how many there are, and what to do about it."""

    words: Words
    rows: str
    next: Words


@dataclass(frozen=True)
class Sides:
    """What two people sign. `said` is how many sums were compared, and how many of them differ."""

    agrees: bool
    said: str
    faults: Sequence[Differing]
    places: Table
    months: Table
    tests: Table
    account: Account


def of(found: Reconciled) -> Sides:
    """Both sides."""
    return Sides(
        found.agrees,
        _said(found),
        [Differing(FAULTS[fault][1], moving_words.number(rows), NEXT[fault]) for fault, rows in found.faults.items()],
        _places(found),
        _months(found.months),
        _tests(found.tests),
        moving_account.of(found.sums),
    )


def _said(found: Reconciled) -> str:
    counts = {"n": moving_words.number(found.compared), "apart": moving_words.number(found.apart)}
    if found.agrees:
        said = ngettext(
            "%(n)s sum of a test in a unit and month was compared, and every result with its row.",
            "%(n)s sums of a test in a unit and month were compared, and every result with its row.",
            found.compared,
        )
    else:
        said = ngettext(
            "%(apart)s of %(n)s sums differs. Every difference stands below; it is explained or mended before anybody"
            " signs.",
            "%(apart)s of %(n)s sums differ. Every difference stands below; it is explained or mended before anybody"
            " signs.",
            found.apart,
        )
    return said % counts


def _places(found: Reconciled) -> Table:
    columns = (Column(_("Table")), Column(_("Row"), number=True), Column(_("What is wrong")), Column(_("Where")))
    rows = [
        Row(
            (
                Cell(one.table),
                Cell(moving_words.number(one.row) if one.row else gettext("none")),
                Cell(FAULTS[one.fault][1], tone=FAULTS[one.fault][0]),
                Cell(_WHOLE.get(one.what, one.what), note=one.id),
            )
        )
        for one in found.discrepancies
    ]
    return Table(_("Every difference, with its place"), columns, rows, _("No result differs"))


def _months(found: Sequence[Apart]) -> Table:
    columns = (Column(_("Test")), Column(_("Unit"), code=True), Column(_("Month")), *_SIDES)
    rows = [
        Row((Cell(one.test), Cell(one.ucum), Cell(one.month), *_both(one.there, one.here, differs=True)))
        for one in found
    ]
    return Table(_("Months that differ"), columns, rows, _("No month differs"))


def _tests(found: Sequence[Summed]) -> Table:
    columns = (Column(_("Test")), Column(_("Unit"), code=True), Column(_("Months")), *_SIDES)
    rows = [
        Row(
            (
                Cell(one.test),
                Cell(one.ucum),
                Cell(
                    moving_words.number(one.months),
                    note=gettext("%(n)s differ") % {"n": one.apart} if one.apart else "",
                ),
                *_both(one.there, one.here, differs=one.there != one.here),
            )
        )
        for one in sorted(found, key=lambda one: (-one.apart, one.test, one.ucum))
    ]
    return Table(_("Every test in every unit"), columns, rows, _("No result was compared"))


def _both(there: Side | None, here: Side | None, *, differs: bool) -> tuple[Cell, ...]:
    """The figures of both sides, beside each other; a side with too few results tells none."""
    return tuple(
        cell
        for say in (_results, _sum, _ends)
        for cell in (
            Cell(say(there)),
            Cell(say(here), tone="alarm" if differs and say(there) != say(here) else ""),
        )
    )


def _results(side: Side | None) -> str:
    return moving_words.number(side.results) if side else gettext("under 10")


def _sum(side: Side | None) -> str:
    return _plain(side.sum) if side and side.numbers else "–"


def _ends(side: Side | None) -> str:
    return f"{_plain(side.low)} – {_plain(side.high)}" if side and side.numbers else "–"


def _plain(number: Decimal | None) -> str:
    return "–" if number is None else f"{number:f}"

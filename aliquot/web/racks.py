"""Tubes as the list of the bench shows them, a few hundred at once: their words are made here, and laid out there."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import ngettext

from aliquot.lab.bench import BenchRow, BenchTest
from aliquot.lab.catalogue import Catalogue, Test
from aliquot.terms import states
from aliquot.web import findings, patients, result_words, tube_words
from aliquot.web.tables import Tone

SEEN = "X-Seen"
"""The header in which a list tells what it shows already, so that nothing is exchanged while nothing changes."""

_UNMEASURED = frozenset({states.Analysis.READY, states.Analysis.CANCELLED})


@dataclass(frozen=True)
class Tube:
    """One row of the list. `stamp` changes with what is shown; `runs` are its tests as list items."""

    id: str
    path: str
    accession: str
    sex: str | Promise
    age: str
    priority: tuple[Tone, str | Promise]
    awaits: str | Promise
    row: BenchRow
    runs: SafeString
    stamp: str


def tubes(waiting: Sequence[BenchRow], catalogue: Catalogue) -> list[Tube]:
    """The rows in the reader's language."""
    tests = {test.code: test for test in catalogue.tests}
    return [_tube(row, tests) for row in waiting]


def stamp(waiting: Iterable[BenchRow]) -> str:
    """How far these tubes are, from ids and version numbers: it says nothing about anybody."""
    return digest(map(_reached, waiting))


def digest(parts: Iterable[str]) -> str:
    """What a list shows, in short: of ids, states and counts only."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _reached(row: BenchRow) -> str:
    tests = [f"{each.order.hex()}.{each.version}.{each.state}" for each in row.tests]
    return " ".join([row.specimen.hex(), row.awaits, *tests])


def _tube(row: BenchRow, tests: dict[str, Test]) -> Tube:
    return Tube(
        id=row.specimen.hex(),
        path=reverse("bench.show", args=[row.requisition.hex()]),
        accession=row.accession,
        sex=patients.SEXES[row.sex],
        age=findings.age(row.age),
        priority=tube_words.PRIORITIES[row.priority],
        awaits=result_words.WAITS[row.awaits],
        row=row,
        runs=_joined([*(_run(each, tests.get(each.test)) for each in row.tests), *_withheld(row)]),
        stamp=stamp([row]),
    )


def _run(each: BenchTest, test: Test | None) -> SafeString:
    name = findings.name(test) if test else each.test
    holds = _joined([_hold(hold) for hold in each.holds])
    if each.said is None or each.state in _UNMEASURED:
        state = result_words.STATES[states.Analysis(each.state)][1]
        return format_html('<li>{} <span class="quiet">{}</span>{}</li>', name, state, holds)
    value, unit = findings.value(test, each.said.value)
    return format_html("<li>{} <b>{}</b>{}{}</li>", name, f"{value} {unit}".strip(), _flag(each.flag), holds)


def _flag(code: str) -> SafeString:
    flag = findings.flag(code)
    if flag is None or not flag.shape:
        return mark_safe("")
    drawn = ' <span class="flag flag--{}"><span aria-hidden="true">{}</span> {}</span>'
    return format_html(drawn, flag.tone, flag.shape, flag.text)


def _hold(code: str) -> SafeString:
    return format_html(' <span class="held">{}</span>', result_words.HOLDS[states.Hold(code)].why)


def _withheld(row: BenchRow) -> list[SafeString]:
    if not row.withheld:
        return []
    said = ngettext("%(n)s protected test", "%(n)s protected tests", row.withheld) % {"n": row.withheld}
    return [format_html('<li class="quiet">{}</li>', said)]


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return mark_safe("".join(parts))  # noqa: S308  # every part was escaped by format_html

"""The map: what an old system's columns, tests, units, statuses and words mean here, as a biologist signs it.

A map is a TOML file. Unknown keys are refused; what it does not name is parked when it is met, and never guessed. Its
digest is what the biologist's signature covers, so that a byte changed afterwards is another map.
"""

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from aliquot.lab.catalogue import Catalogue
from aliquot.lab.reference import Flag
from aliquot.legacy.cells import Mark, Moments
from aliquot.legacy.meanings import Meaning
from aliquot.terms import canonical, handwriting, plain, units
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Sex
from aliquot.terms.mandates import Scope, Table

Sure = Annotated[int, msgspec.Meta(ge=0, le=100)]
"""How sure whoever drew the map is, in percent; 100 is a person's word."""
Why = Literal["unknown", "temp-unknown", "not-performed", "not-applicable", "error", "masked"]
"""Why there is no value, in FHIR's data-absent-reason codes."""
Status = Literal["final", "unknown", "deleted"]
"""What a result's status means: it was validated; nobody can say; the old system had crossed it out."""

BEHIND: Final = "/"
_MEANINGS: Final = tuple(map(str, Meaning))
_LONGEST: Final = 60
"""Characters of a word that is no meaning, as far as it is looked at and said again."""
DATES = frozenset(
    {
        Meaning.PATIENT_BORN_ON,
        Meaning.PATIENT_DECEASED_ON,
        Meaning.DOSSIER_COLLECTED_ON,
        Meaning.DOSSIER_COLLECTED_AT,
        Meaning.DOSSIER_RECEIVED_AT,
        Meaning.RESULT_MEASURED_AT,
        Meaning.RESULT_VALIDATED_AT,
    }
)
_SEVERAL = frozenset(
    {
        Meaning.IGNORED,
        Meaning.PATIENT_NIR,
        Meaning.PATIENT_ADDRESS,
        Meaning.PATIENT_NOTE,
        Meaning.PATIENT_GIVEN,
        Meaning.RESULT_VALUE,
        Meaning.RESULT_COMMENT,
    }
)
_PERSON = frozenset({Meaning.PATIENT_NUMBER, Meaning.PATIENT_FAMILY, Meaning.PATIENT_BORN_ON})
_RESULT = frozenset({Meaning.PATIENT_NUMBER, Meaning.RESULT_TEST, Meaning.RESULT_VALUE})


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Column(_Part, frozen=True):
    """One column: its meaning, and for days the forms they are written in (`dd/mm/yyyy`).

    `latest` is the last year that two digits can mean: with 2020, 19 is 2019 and 21 is 1921.
    """

    means: Meaning
    forms: tuple[str, ...] = ()
    latest: Annotated[int, msgspec.Meta(ge=1850, le=2150)] | None = None
    sure: Sure = 100
    reason: str = ""


class Link(_Part, frozen=True):
    """A column holds the key `of` another table. Its columns are then named behind it: `RE_IDDOS/DO_DATPREL`."""

    table: str
    of: str


class Rule(_Part, frozen=True):
    """What one old test code is. With `unit`, `since` or `until` it holds only for rows of that unit and those days.

    An empty `test` says that the laboratory does not take it over: such rows are parked. `ucum` is the unit where the
    row names none, or what `unit` means for this test. `loinc` is the old test's where ours is another (mass instead of
    substance). `same_method` says that old and new results may be compared by the delta check (I6).
    """

    code: str
    test: str
    unit: str | None = None
    since: date | None = None
    until: date | None = None
    ucum: str = ""
    loinc: str = ""
    same_method: bool = False
    sure: Sure = 100
    reason: str = ""


class Map(_Part, frozen=True):
    """All of it. `mandate` is the id of the mandate, `profile` the digest of the profile that it was drawn from.

    `system` is the URI under which the old numbers of patients are kept. `links` says by table which columns lead
    to rows of other tables, for what stands apart and belongs together. `answers` gives for a test of ours the code
    of the answer that an old word means; `absent` which words say that there is no value, and why; `erased` the
    words with which `row.deleted` says yes.
    """

    mandate: str
    profile: str
    system: str
    zone: str
    mark: Mark
    tables: dict[str, dict[str, Column]]
    links: dict[str, dict[str, Link]] = msgspec.field(default_factory=dict)
    tests: tuple[Rule, ...] = ()
    units: dict[str, str] = msgspec.field(default_factory=dict)
    statuses: dict[str, Status] = msgspec.field(default_factory=dict)
    sexes: dict[str, Sex] = msgspec.field(default_factory=dict)
    flags: dict[str, Flag] = msgspec.field(default_factory=dict)
    answers: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    absent: dict[str, Why] = msgspec.field(default_factory=dict)
    sites: dict[str, str] = msgspec.field(default_factory=dict)
    erased: tuple[str, ...] = ()


class _Word(msgspec.Struct, frozen=True):
    means: str = Meaning.IGNORED


class _Words(msgspec.Struct, frozen=True):
    """Of a map that is none, the words for what columns mean."""

    tables: dict[str, dict[str, _Word]] = {}


def parse(toml: str) -> Map:
    """A map as its author wrote it.

    Raises:
        Refused: not TOML, or a key or a meaning that is not known; the message names the place.
    """
    try:
        return handwriting.read(toml, Map, "map")
    except Refused:
        for place in _no_meanings(handwriting.read(toml, _Words, "map")):
            raise Refused(f"map: {place}") from None
        raise


def digest(drawn: Map) -> str:
    """What a signature covers: SHA-256 over the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical.encode(drawn)).hexdigest()


def check(drawn: Map, scope: Scope, catalogue: Catalogue) -> None:
    """Whether a map fits the mandate and the catalogue, all of it, before a row is read.

    Raises:
        Refused: the first place that does not.
    """
    for place in faults(drawn, scope, catalogue):
        raise Refused(f"map: {place}")


def faults(drawn: Map, scope: Scope, catalogue: Catalogue) -> Iterator[str]:
    """Every place of a map that does not fit, in words."""
    try:
        ZoneInfo(drawn.zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f"zone: {drawn.zone} is not a time zone"
    yield from _link_faults(drawn, scope)
    for name in drawn.tables:
        yield from _table_faults(name, drawn, scope)
    yield from _rule_faults(drawn, catalogue)
    for written, unit in drawn.units.items():
        if not _is_ucum(unit):
            yield f"units.{written}: {unit} is not a unit that we know"
    yield from _answer_faults(drawn, catalogue)


def widened(drawn: Map, table: Table) -> Table:
    """A table of the mandate with the columns behind its own that the map reads by following links."""
    behind = sorted(drawn.tables[table.name].keys() - set(table.columns))
    return msgspec.structs.replace(table, columns=(*table.columns, *behind)) if behind else table


def linking(links: Mapping[str, Link], path: str) -> str:
    """The column of a link that a path begins with; empty if there is none."""
    return next((column for column in links if path.startswith(column + BEHIND)), "")


def holds_results(columns: dict[str, Column]) -> bool:
    """Whether the rows of a table are results; otherwise they are people."""
    return any(column.means is Meaning.RESULT_VALUE for column in columns.values())


def _no_meanings(written: _Words) -> Iterator[str]:
    """Every word that is no meaning, by table and column, with those that are most like it."""
    for table, columns in written.tables.items():
        for title, column in columns.items():
            if column.means not in _MEANINGS:
                near = ", ".join(difflib.get_close_matches(column.means[:_LONGEST], _MEANINGS, cutoff=0))
                shown = plain.shown(f"tables.{table}.{title}: {column.means[:_LONGEST]}")
                yield f"{shown} is no meaning; nearest are {near}; docs/formats/map.md has all"


def _link_faults(drawn: Map, scope: Scope) -> Iterator[str]:
    for name, links in drawn.links.items():
        for column, link in links.items():
            place = f"links.{name}.{column}"
            if not _names(scope, name, column) or not _names(scope, link.table, link.of):
                yield f"{place}: the mandate does not name it, or {link.table}.{link.of}"
            if name in _reached(drawn, link.table, frozenset()):
                yield f"{place}: it leads back to where it begins"


def _reached(drawn: Map, table: str, seen: frozenset[str]) -> frozenset[str]:
    """A table, and those to which its links lead."""
    if table in seen:
        return seen
    for link in drawn.links.get(table, {}).values():
        seen |= _reached(drawn, link.table, seen | {table})
    return seen | {table}


def _names(scope: Scope, table: str, column: str) -> bool:
    return any(each.name == table and column in each.columns for each in scope.tables)


def _stands(drawn: Map, scope: Scope, table: str, path: str) -> bool:
    """Whether a table has a column, of its own or behind its links."""
    links = drawn.links.get(table, {})
    by = linking(links, path)
    behind = path.removeprefix(by + BEHIND)
    return _names(scope, table, path) or (by != "" and _stands(drawn, scope, links[by].table, behind))


def _table_faults(name: str, drawn: Map, scope: Scope) -> Iterator[str]:
    columns = drawn.tables[name]
    if all(table.name != name for table in scope.tables):
        yield f"tables.{name}: the mandate does not name it"
        return
    for unnamed in columns:
        if not _stands(drawn, scope, name, unnamed):
            yield f"tables.{name}.{unnamed}: the mandate does not name it"
    meanings = [column.means for column in columns.values()]
    for twice in sorted({each for each in meanings if meanings.count(each) > 1} - _SEVERAL):
        yield f"tables.{name}: two columns mean {twice}"
    for needed in sorted((_RESULT if holds_results(columns) else _PERSON) - set(meanings)):
        yield f"tables.{name}: no column means {needed}"
    for title, column in columns.items():
        if column.means in DATES:
            yield from _form_faults(f"tables.{name}.{title}", column)


def _form_faults(place: str, column: Column) -> Iterator[str]:
    try:
        Moments(column.forms, column.latest)
    except Refused as refused:
        yield f"{place}: {str(refused).removeprefix('map: ')}"


def _rule_faults(drawn: Map, catalogue: Catalogue) -> Iterator[str]:
    known = {test.code for test in catalogue.tests}
    for rule in drawn.tests:
        if rule.test and rule.test not in known:
            yield f"tests.{rule.code}: {rule.test} is not in the catalogue"
        if rule.ucum and not _is_ucum(rule.ucum):
            yield f"tests.{rule.code}: {rule.ucum} is not a unit that we know"
        if rule.since and rule.until and rule.since > rule.until:
            yield f"tests.{rule.code}: it ends before it begins"
    for at, rule in enumerate(drawn.tests):
        if any(_meet(rule, other) for other in drawn.tests[at + 1 :]):
            yield f"tests.{rule.code}: two rules hold for the same rows"


def _meet(one: Rule, other: Rule) -> bool:
    """Whether two rules could both hold for a row: then none of them would be sure."""
    if one.code != other.code or (one.unit != other.unit and one.unit is not None and other.unit is not None):
        return False
    since, until = (one.since, other.since), (one.until, other.until)
    latest = max(filter(None, since), default=date.min)
    return latest <= min(filter(None, until), default=date.max)


def _answer_faults(drawn: Map, catalogue: Catalogue) -> Iterator[str]:
    allowed = {test.code: {answer.code for answer in test.answers} for test in catalogue.tests}
    for test, words in drawn.answers.items():
        for written, code in words.items():
            if code not in allowed.get(test, ()):
                yield f"answers.{test}.{written}: the catalogue has no such answer"


def _is_ucum(unit: str) -> bool:
    try:
        return units.ucum(unit) == unit
    except units.UnknownUnit:
        return False

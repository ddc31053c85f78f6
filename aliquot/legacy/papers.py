"""The papers of a migration: what its people sign and how far it is, kept as sealed records of the laboratory.

The loader puts them down under its mandate, and whoever may look at a migration reads them. A paper is the canonical
form of one of the structs here, and its SHA-256 is the evidence that a step names: what is read is what is signed.
None says anything about one person. Source: docs/decisions/0015-what-is-signed-is-a-record.md.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Generic, Literal, Self, TypeVar

import msgspec

from aliquot.access import rows
from aliquot.access.acts import Act, CertifyMigration, ReadMigration, RunMigration
from aliquot.access.grant import Draft, Grant, Record
from aliquot.access.rows import Stored
from aliquot.custody import answers, steps
from aliquot.custody.steps import Step
from aliquot.lab import routing
from aliquot.legacy import closing, oldtests, reconciling, rehearsal
from aliquot.legacy.comparing import Discrepancy, Fault
from aliquot.legacy.fates import Sums
from aliquot.legacy.map import Map
from aliquot.legacy.profile import Profile
from aliquot.legacy.reconciling import Reconciliation
from aliquot.legacy.rehearsal import Months, Rehearsal
from aliquot.terms import canonical, papers, transitions
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.kinds import Kind
from aliquot.terms.papers import Paper
from aliquot.vault.bundle import Header

T = TypeVar("T", bound=msgspec.Struct)
SHOWN: Final = 1000
"""How many months that differ are listed; the others are counted."""
_NEWEST: Final = 2**31 - 1
_YEARS: Final = (2000, 2999)
_AT_ONCE: Final = 10
_Line = tuple[str, str, str]


class Unreadable(Refused):
    """What was put down as a paper is none of its kind: nothing is read in it, and nobody signs on it."""


class _Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    @property
    def digest(self) -> str:
        """SHA-256 over the canonical form, in hexadecimal: the evidence of the step."""
        return hashlib.sha256(canonical.encode(self)).hexdigest()


class Rehearsed(_Evidence, frozen=True):
    """What a rehearsal came to: counts, reasons and places. `whole` is the digest of the account with its sums."""

    mandate: str
    map: str
    whole: str
    people: int
    dossiers: int
    sums: Sums

    @classmethod
    def of(cls, whole: Rehearsal) -> Self:
        """The part that people sign."""
        return cls(whole.mandate, whole.map, rehearsal.digest(whole), whole.people, whole.dossiers, whole.sums)


class Came(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bundle that was read, by its id, and when its sender began to carry it."""

    id: str
    created: datetime

    def __post_init__(self) -> None:
        _check_year(self.created)

    @classmethod
    def of(cls, header: Header | None) -> Self | None:
        """What its header says; nothing, where an old system is read in place."""
        return None if header is None else cls(header.id, header.created)


class Loaded(_Evidence, frozen=True):
    """A load that came to its end: under which mandate and map, what became of the rows, and from which bundle."""

    mandate: str
    map: str
    sums: Sums
    came: Came | None = None


class Side(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One side's results of one test in one unit: how many, how many of them are numbers, and their sum and ends."""

    results: int
    numbers: int
    sum: Decimal
    low: Decimal | None
    high: Decimal | None


class Summed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One test in one unit over all months, of which `apart` differ. A side of a few results is not told."""

    test: str
    ucum: str
    months: int
    apart: int
    there: Side | None
    here: Side | None


class Apart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One month in which the two sides differ. A side of a few results is not told, for it would say their values."""

    test: str
    ucum: str
    month: str
    there: Side | None
    here: Side | None


class Reconciled(_Evidence, frozen=True):
    """Both sides beside each other, as two people sign it. `whole` is the digest of the account with all its sums.

    `came` is the bundle that was compared, so that who signs sees whether it is the last one that was carried.
    `loaded_at` is when the load that was compared came to its end, as custody tells it; nothing, if it had not.
    `compared` counts the lines of test, unit and month on which both sides were summed, `apart` those that differ.
    """

    mandate: str
    map: str
    whole: str
    agrees: bool
    sums: Sums
    compared: int
    apart: int
    tests: tuple[Summed, ...]
    months: tuple[Apart, ...]
    faults: dict[Fault, int]
    discrepancies: tuple[Discrepancy, ...]
    came: Came | None = None
    loaded_at: datetime | None = None

    @classmethod
    def of(cls, whole: Reconciliation, came: Came | None = None, loaded_at: datetime | None = None) -> Self:
        """The part that people sign."""
        there, here = _by_line(whole.there), _by_line(whole.here)
        lines = sorted(there.keys() | here.keys())
        apart = [line for line in lines if there.get(line) != here.get(line)]
        return cls(
            mandate=whole.mandate,
            map=whole.map,
            whole=reconciling.digest(whole),
            agrees=whole.agrees(),
            sums=whole.sums,
            compared=len(lines),
            apart=len(apart),
            tests=tuple(_summed(lines, frozenset(apart), there, here)),
            months=tuple(
                Apart(*line, _side(_some(there.get(line))), _side(_some(here.get(line)))) for line in apart[:SHOWN]
            ),
            faults=whole.faults,
            discrepancies=whole.discrepancies,
            came=came,
            loaded_at=loaded_at,
        )


class Progressed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a load is: the table being read, how many of its rows, how far in the source, and the bins so far.

    `done` and `of` are in the source's own measure, and `of` is 0 where it does not know; `rate` is in rows a second,
    `left_seconds` is -1 where nobody can say.
    """

    mandate: str
    map: str
    began_at: datetime
    at: datetime
    state: Literal["running", "paused", "ended"]
    table: str
    rows: int
    done: int
    of: int
    rate: int
    left_seconds: int
    sums: Sums

    def __post_init__(self) -> None:
        _check_year(self.at)


@dataclass(frozen=True)
class Form(Generic[T]):
    """One kind of paper: under which name it is kept, what it says, and the step whose evidence it is."""

    paper: Paper
    type: type[T]
    step: Step | None


PROFILE: Final = Form(Paper.PROFILE, Profile, Step.PROFILE)
MAP: Final = Form(Paper.MAP, Map, Step.MAP)
REHEARSAL: Final = Form(Paper.REHEARSAL, Rehearsed, Step.REHEARSE)
PROGRESS: Final = Form(Paper.PROGRESS, Progressed, None)
LOADED: Final = Form(Paper.LOADED, Loaded, Step.FINISH)
RECONCILIATION: Final = Form(Paper.RECONCILIATION, Reconciled, Step.RECONCILE)
CERTIFICATE: Final = Form(Paper.CERTIFICATE, closing.Certificate, Step.CLOSE)


@dataclass(frozen=True)
class Read(Generic[T]):
    """A paper as it was kept. `in_force` says that the last step of its kind names its digest."""

    content: T
    digest: str
    in_force: bool


def put(grant: Grant[RunMigration | CertifyMigration], mandate: bytes, form: Form[T], content: T) -> None:
    """Put a paper down, if it says anything else than the last one of its kind. It is kept when the `with` ends.

    Raises:
        Denial: `conflict`, when the `with` ends: a loader that was killed was putting it down, and the worker has not
            found out yet what became of it.
    """
    identity = papers.identity(mandate, form.paper)
    stored = rows.newest(identity)
    last = _read(grant, stored)
    if last and last[-1].body == canonical.encode(content):
        return
    version = stored[-1].row.version + 1 if stored else 1
    grant.route(routing.known(grant.act.subject))
    grant.write(Draft(Kind.PAPER, identity, version, transitions.KNOWN, (), content))


def newest(grant: Grant[ReadMigration], told: answers.Migration, form: Form[T]) -> Read[T] | None:
    """The last version, signed or not: what would be signed next.

    Raises:
        Broken: it is not what was kept.
        Unreadable: the loader put down something else.
    """
    found = _read(grant, rows.newest(papers.identity(bytes.fromhex(told.id), form.paper)))
    return _told(found[-1], form, evidence(told, form)) if found else None


def in_force(grant: Grant[ReadMigration], told: answers.Migration, form: Form[T]) -> Read[T] | None:
    """The version whose digest the step in force names, also an older one; nothing, if no version fits.

    Raises:
        Broken: a version on the way to it is not what was kept.
        Unreadable: the loader put down something else.
    """
    wanted = evidence(told, form)
    if not wanted:
        return None
    fits = (record for record in _back(grant, told, form) if _digest(record.body) == wanted)
    found = next(fits, None)
    return None if found is None else _told(found, form, wanted)


def evidence(told: answers.Migration, form: Form[T]) -> str:
    """What the last step of this paper names; nothing, if there was none."""
    return next((one.evidence for one in reversed(told.steps) if one.step == form.step), "")


def loaded_at(told: answers.Migration) -> datetime | None:
    """When the loading came to its end last; nothing, while somebody may still load."""
    ended = next((one.at for one in reversed(told.steps) if one.step == Step.FINISH), None)
    return None if told.state in steps.LOADS_IN else ended


def _back(grant: Grant[ReadMigration], told: answers.Migration, form: Form[T]) -> Iterator[Record]:
    """Every version, newest first, a few at a time: it is one of the last that was signed."""
    identity, before = papers.identity(bytes.fromhex(told.id), form.paper), _NEWEST
    while stored := rows.newest(identity, before, _AT_ONCE):
        yield from sorted(_read(grant, stored, history=True), key=lambda record: -record.version)
        before = stored[0].row.version


def _read(grant: Grant[Act], stored: list[Stored], *, history: bool = False) -> list[Record]:
    found = grant.read(stored, history=history) if stored else []
    if any(record.broken for record in found):
        raise Broken("a paper of this migration is not what was kept here; the alarm was raised")
    return found


def _told(record: Record, form: Form[T], wanted: str) -> Read[T]:
    digest = _digest(record.body)
    try:
        return Read(msgspec.json.decode(record.body, type=form.type), digest, digest == wanted)
    except canonical.UNREADABLE:
        raise Unreadable(f"{form.paper}: this paper cannot be read") from None


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _check_year(at: datetime) -> None:
    # A page shows it in its own zone, and there is none for the first and the last day of all.
    if not _YEARS[0] <= at.year <= _YEARS[1]:
        raise ValueError("no clock says that")


def _by_line(months: Iterable[Months]) -> dict[_Line, Months]:
    return {(one.test, one.ucum, one.month): one for one in months}


def _summed(
    lines: Iterable[_Line], apart: frozenset[_Line], there: dict[_Line, Months], here: dict[_Line, Months]
) -> Iterator[Summed]:
    by_test: dict[tuple[str, str], list[_Line]] = {}
    for line in lines:
        by_test.setdefault(line[:2], []).append(line)
    for (test, ucum), own in by_test.items():
        sides = [_side([side[line] for line in own if line in side]) for side in (there, here)]
        yield Summed(test, ucum, len(own), sum(line in apart for line in own), *sides)


def _some(month: Months | None) -> list[Months]:
    return [] if month is None else [month]


def _side(months: list[Months]) -> Side | None:
    """The sums of some months; nothing, if it would tell the values of a few results."""
    numbers = sum(one.numbers for one in months)
    results = sum(one.results for one in months)
    if 0 < results < oldtests.FEWEST or 0 < numbers < oldtests.FEWEST:
        return None
    lows = [one.low for one in months if one.low is not None]
    highs = [one.high for one in months if one.high is not None]
    total = sum((one.sum for one in months), Decimal(0))
    return Side(results, numbers, total, min(lows, default=None), max(highs, default=None))

"""The profile of an old system: what its columns seem to be, in shapes and counts, from one pass under the mandate.

Cells appear as masks. In clear are only short lists of codes (tests, units, statuses, flags, sites, specimens, yes and
no), each said by ten cells or more, and never from a column that looks as if it spoke of people. Nothing of it is a
fact: a map is drawn from it by a person. Two profiles of one source under one mandate are the same, and have the same
digest.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence

import msgspec

from aliquot.legacy import dates, guesses, links, oldtests, shapes
from aliquot.legacy.guesses import Guess
from aliquot.legacy.links import Link
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.oldtests import FEWEST, Counted, OldTest, OldTests, counted
from aliquot.legacy.reading import Counts, Reading
from aliquot.legacy.shapes import Sort
from aliquot.legacy.sketches import Distinct
from aliquot.legacy.source import AT_ONCE, ENOUGH, Cell, Chunk, weight
from aliquot.legacy.tallies import Days, Tally
from aliquot.terms import canonical
from aliquot.terms.mandates import Scope

LISTED = frozenset(
    {
        Meaning.RESULT_TEST,
        Meaning.RESULT_LOINC,
        Meaning.RESULT_UNIT,
        Meaning.RESULT_STATUS,
        Meaning.RESULT_FLAG,
        Meaning.DOSSIER_SITE,
        Meaning.SPECIMEN_TYPE,
        Meaning.PATIENT_SEX,
        Meaning.PATIENT_TITLE,
        Meaning.ROW_DELETED,
    }
)
"""Meanings whose cells are a short list that belongs to the laboratory and to nobody else."""

_FIRST = 4
"""So many chunks are held until it is guessed which columns are tests and values."""
_WIDE = ENOUGH // AT_ONCE
"""Of a row with more bytes than this, few may wait."""
_MASKS = 8
_FORMATS = 12
_CODES = 200
_LONGEST_CODE = 24
_SURE_ENOUGH = 50
_PERSONAL = ("nir", "phone", "mobile", "given", "family")
_A_FEW_PERCENT = 0.05
_SENTENCES = 0.1
_AN_IDENTIFIER = 1e6
_TRAITS = (
    ("nir", 0.8, "national number"),
    ("phone", 0.8, "telephone"),
    ("mobile", 0.8, "telephone"),
    ("postcode", 0.9, "postcode"),
    ("given", 0.15, "names"),
    ("family", 0.15, "names"),
)


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column.

    `cells` say something, `blank` are empty, `absent` are no value. Shares of sorts, masks and formats rest on
    `examined` cells. `distinct` is exact or within about `distinct_error` percent. `least` and `most` are numbers, of
    dates years. `order` says whether day or month comes first where the cells settle it. `sensitive` counts cells that
    speak of a class of things that hurt. `codes` are cells in clear; `rare` cells have a code that too few have for it
    to be shown.
    """

    name: str
    guess: Guess
    kind: str
    cells: int
    blank: int
    absent: int
    examined: int
    distinct: int
    distinct_error: int
    unique: bool
    shortest: int
    longest: int
    damaged: int
    mojibake: int
    least: str
    most: str
    order: str
    two_digit_years: int
    zoned: int
    sorts: tuple[Counted, ...]
    formats: tuple[Counted, ...]
    masks: tuple[Counted, ...]
    sensitive: tuple[Counted, ...]
    codes: tuple[Counted, ...]
    rare: int


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table: what became of its rows, its columns, and the old tests whose values it holds.

    `rare` of its values are of tests that are too rare to be shown.
    """

    name: str
    counts: Counts
    columns: tuple[Column, ...]
    tests: tuple[OldTest, ...]
    rare: int


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole source, as far as the mandate goes. `scope` and `source` are SHA-256 of both, in hexadecimal."""

    scope: str
    source: str
    tables: tuple[Table, ...]
    links: tuple[Link, ...]

    def digest(self) -> str:
        """What the migration's step signs: SHA-256 over the canonical form, in hexadecimal."""
        return hashlib.sha256(canonical.encode(self)).hexdigest()


def take(reading: Reading, scope: Scope, source: bytes) -> Profile:
    """Read every row in scope once. `source` is the digest of the description; progress is told by the reading.

    Raises:
        Refused: the source cannot be read.
    """
    tables: dict[str, Table] = {}
    keys: dict[str, dict[tuple[str, str], Distinct]] = {}
    headers = reading.tables()
    # A table that others follow is read before them: it would have to be read for its keys anyway.
    for header in sorted(headers, key=lambda header: scope.table(header.table).follows is not None):
        gathering = _Gathering(header.table, header.columns, scope.until.year + 1)
        for chunk in reading.rows(header.table):
            gathering.add(chunk)
        tables[header.table] = gathering.table(reading.counts(header.table))
        keys[header.table] = gathering.keys()
    digest = hashlib.sha256(canonical.encode(scope)).hexdigest()
    names = [header.table for header in headers]
    found = links.found({place: sample for name in names for place, sample in keys[name].items()})
    return Profile(digest, source.hex(), tuple(tables[name] for name in names), found)


class _Gathering:
    """One table, while its rows pass."""

    def __init__(self, name: str, columns: tuple[str, ...], latest: int) -> None:
        self._name = name
        self._columns = columns
        self._latest = latest
        days = Days(latest)
        self._tallies = [Tally(days) for _ in columns]
        self._held: list[list[Sequence[Cell]]] | None = []
        self._tests: OldTests | None = None
        self._waiting = 0

    def add(self, chunk: Chunk) -> None:
        """Rows in scope."""
        if not chunk.rows:
            return
        columns: list[Sequence[Cell]] = list(zip(*chunk.rows, strict=True))
        for tally, cells in zip(self._tallies, columns, strict=True):
            tally.add(cells)
        if self._held is not None:
            self._held.append(columns)
            if len(self._held) >= _FIRST:
                self._begin_tests()
        elif self._tests is not None:
            self._tests.add(columns)
        self._heed(chunk)

    def table(self, counts: Counts) -> Table:
        """What was found."""
        if self._held is not None:
            self._begin_tests()
        self._settle()
        found = guesses.of(self._name, self._columns, self._tallies)
        columns = tuple(
            _column(name, tally, guess) for name, tally, guess in zip(self._columns, self._tallies, found, strict=True)
        )
        tests = self._tests
        return Table(self._name, counts, columns, tests.tests() if tests else (), tests.rare() if tests else 0)

    def keys(self) -> dict[tuple[str, str], Distinct]:
        """The samples of the columns that may be keys, or refer to one."""
        return {
            (self._name, column): tally.distinct
            for column, tally in zip(self._columns, self._tallies, strict=True)
            if tally.sorts and tally.sorts.most_common(1)[0][0] in links.SORTS
        }

    def _heed(self, chunk: Chunk) -> None:
        """Look at once at cells that are too large to wait until there are thousands of them."""
        if len(chunk.rows) >= AT_ONCE:
            return
        much = weight(chunk.rows)
        self._waiting += much if much > _WIDE * len(chunk.rows) else 0
        if self._waiting > 2 * ENOUGH:
            self._waiting = 0
            self._settle()
            if self._tests is not None:
                self._tests.settle()

    def _settle(self) -> None:
        for tally in self._tallies:
            tally.fold()

    def _begin_tests(self) -> None:
        """Decide by the first rows which columns are tests, values, units and days, and begin with those rows."""
        self._settle()
        found = guesses.of(self._name, self._columns, self._tallies)
        at = {guess.meaning: place for place, guess in enumerate(found) if guess.sure >= _SURE_ENOUGH}
        test = at.get(Meaning.RESULT_TEST, at.get(Meaning.RESULT_LOINC))
        value = at.get(Meaning.RESULT_VALUE)
        held, self._held = self._held or [], None
        if test is None or value is None or personal(self._tallies[test]):
            return
        day = next((at[meaning] for meaning in _DAYS if meaning in at), None)
        name = at.get(Meaning.RESULT_TEST_NAME)
        unit = at.get(Meaning.RESULT_UNIT)
        places = oldtests.Places(
            test=test,
            value=value,
            unit=None if unit is None or personal(self._tallies[unit]) else unit,
            name=None if name is None or personal(self._tallies[name]) else name,
            date=day,
        )
        order = dates.decide(self._tallies[day].orders) if day is not None else None
        self._tests = OldTests(places, self._latest, order)
        for columns in held:
            self._tests.add(columns)


_DAYS = (
    Meaning.DOSSIER_COLLECTED_ON,
    Meaning.DOSSIER_COLLECTED_AT,
    Meaning.RESULT_MEASURED_AT,
    Meaning.RESULT_VALIDATED_AT,
    Meaning.DOSSIER_RECEIVED_AT,
)


def personal(tally: Tally) -> bool:
    """Whether a column looks as if it spoke of people, whatever its name says: then nothing of it is in clear."""
    return tally.sorts[Sort.EMAIL] > 0 or any(tally.close.share(trait) > _A_FEW_PERCENT for trait in _PERSONAL)


def _column(name: str, tally: Tally, guess: Guess) -> Column:
    kind = _kind(tally)
    is_day = kind == Sort.DAY
    formats = tally.formats if is_day else Counter[str]()
    least, most = _ends(tally, guess, is_day=is_day)
    order = dates.decide(tally.orders) if is_day else None
    formats = _settled(formats, order)
    codes = _codes(tally, guess)
    return Column(
        name=name,
        guess=guess,
        kind=kind,
        cells=tally.cells,
        blank=tally.blank,
        absent=tally.absent,
        examined=tally.examined,
        distinct=tally.distinct.count(),
        distinct_error=0 if tally.distinct.exact else Distinct.ERROR_PERCENT,
        unique=bool(tally.cells) and not tally.distinct.repeated,
        shortest=tally.shortest,
        longest=tally.longest,
        damaged=tally.damaged,
        mojibake=tally.mojibake,
        least=least,
        most=most,
        order=order or "",
        two_digit_years=_with("yy", formats),
        zoned=_with("+zz", formats),
        sorts=counted(Counter({sort.value: cells for sort, cells in tally.sorts.items()}), len(Sort)),
        formats=counted(formats, _FORMATS),
        masks=_masks(tally.masks),
        sensitive=counted(tally.sensitive, len(tally.sensitive)),
        codes=counted(codes, _CODES, FEWEST),
        rare=sum(cells for cells in codes.values() if cells < FEWEST),
    )


def _kind(tally: Tally) -> str:
    """What most cells are, in a word."""
    if not tally.sorts:
        return "empty"
    shown = next((kind for trait, least, kind in _TRAITS if tally.close.share(trait) >= least), "")
    sort = tally.sorts.most_common(1)[0][0]
    if shown:
        return shown
    if sort is Sort.POINT or sort is Sort.COMMA or sort is Sort.COMPARED:
        return "decimal"
    if sort is Sort.TEXT:
        return "free text" if tally.close.share("long") > _SENTENCES else "words"
    if sort in (Sort.CODE, Sort.WORD) and tally.codes is not None and tally.cells > 10 * len(tally.codes):
        return "code list"
    return sort.value


def _ends(tally: Tally, guess: Guess, *, is_day: bool) -> tuple[str, str]:
    """The least and the most: years of days, numbers that are no identifiers, and nothing of what speaks of people."""
    if is_day and tally.last_year:
        return f"{tally.first_year}", f"{tally.last_year}"
    numbers = tally.sorts[Sort.POINT] + tally.sorts[Sort.COMMA]
    if guess.meaning.startswith("patient.") or personal(tally) or (tally.most >= _AN_IDENTIFIER and not numbers):
        return "", ""
    if tally.examined < FEWEST:
        return "", ""
    return oldtests.end(tally.least), oldtests.end(tally.most)


def _with(part: str, formats: Counter[str]) -> int:
    """How many cells have a part in their format; a cell that allows both orders stands under each of them."""
    found = {form: cells for form, cells in formats.items() if part in form.replace("yyyy", "")}
    swapped = sum(cells for form, cells in found.items() if form.startswith(dates.Order.MONTH_FIRST))
    straight = sum(found.values()) - swapped
    return max(straight, swapped)


def _settled(formats: Counter[str], order: dates.Order | None) -> Counter[str]:
    """The formats without those that the other cells of the column rule out."""
    if order is None:
        return formats
    orders = tuple(dates.Order)
    return Counter({form: cells for form, cells in formats.items() if form[:2] not in orders or form.startswith(order)})


def _masks(found: Counter[str]) -> tuple[Counted, ...]:
    masks: Counter[str] = Counter()
    for shape, cells in found.items():
        masks[shapes.mask(shape)] += cells
    return counted(masks, _MASKS)


def _codes(tally: Tally, guess: Guess) -> Counter[str]:
    codes = tally.codes
    if codes is None or guess.meaning not in LISTED or guess.sure < _SURE_ENOUGH or personal(tally):
        return Counter()
    if len(codes) > _CODES or tally.longest > _LONGEST_CODE:
        return Counter()
    if len(codes) > 20 and not tally.distinct.repeated:
        return Counter()
    return codes

"""The old laboratory as tables with cryptic names: what the database and the dump have in common."""

from typing import Final, Protocol

import msgspec

from aliquot.cli.simulate import catalogue, staff
from aliquot.cli.simulate.rates import Mess
from aliquot.cli.simulate.records import Chart, Columns, Dossier, Result, Written
from aliquot.cli.simulate.truth import Truth

Cell = str | int | None
Row = tuple[Cell, ...]

_NAME, _COMMENT, _CODE = 80, 255, 20


class Column(msgspec.Struct, frozen=True):
    """A column: of numbers where it has no length."""

    name: str
    length: int = 0


class Table(msgspec.Struct, frozen=True):
    """A table; its first column is its key, unless it has none. The old program declared no foreign keys."""

    name: str
    columns: tuple[Column, ...]
    keyed: bool = True


def _texts(prefix: str, **lengths: int) -> tuple[Column, ...]:
    return tuple(Column(f"{prefix}_{name}", length) for name, length in lengths.items())


PATIENTS: Final = Table(
    "T01_PAT",
    (Column("ID_PAT"), *(Column(f"PA_{name.upper()}", _COMMENT) for name in Columns.__struct_fields__)),
)
USERS: Final = Table(
    "T02_USR",
    (Column("ID_USR"), *_texts("US", LOGIN=_NAME, NOM=_NAME, PRENOM=_NAME, INIT=_CODE, PROFIL=1, MDP=_NAME)),
)
SITES: Final = Table("T03_SIT", _texts("SI", CODE=2, NOM=_NAME, VILLE=_NAME))
PRESCRIBERS: Final = Table(
    "T05_MED",
    (Column("ID_MED"), *_texts("ME", NOM=_NAME, PRENOM=_NAME, CP=5, VILLE=_NAME, MAIL=_NAME)),
)
DOSSIERS: Final = Table(
    "T07_DOS",
    (
        Column("ID_DOS"),
        Column("DO_NUMDOS", _CODE),
        Column("DO_IDPAT"),
        *_texts("DO", DATPREL=_CODE, HEUPREL=4, SITE=2, MED=_NAME),
    ),
)
RESULTS: Final = Table(
    "T09_RES",
    (
        Column("ID_RES"),
        Column("RE_IDDOS"),
        *_texts("RE", CODEXA=_CODE, VAL=_NAME, UNI=_CODE, NINF=_CODE, NSUP=_CODE),
        *_texts("RE", FLG=1, STA=2, USR=_NAME, DATVAL=_CODE, COM=_COMMENT),
    ),
)
TESTS: Final = Table(
    "T12_EXA",
    _texts("EX", CODE=_CODE, LIB=_NAME, UNI=_CODE, NINF=_CODE, NSUP=_CODE, DEBUT=8, FIN=8, SITES=_CODE),
    keyed=False,
)
SESSIONS: Final = Table("T90_SES", (Column("ID_SES"), *_texts("SE", LOGIN=_NAME, TOKEN=_NAME, DEBUT=_CODE)))

TABLES: Final = (PATIENTS, USERS, SITES, PRESCRIBERS, DOSSIERS, RESULTS, TESTS, SESSIONS)


class Sink(Protocol):
    """Where rows go."""

    def insert(self, table: Table, row: Row, *, utf8: bool) -> tuple[str, ...]:
        """Write a row; the kinds of mess that this made of it."""

    def close(self) -> None:
        """Finish what was written."""


class Relational:
    """Turns charts into rows of tables, numbered as they come."""

    def __init__(self, sink: Sink, truth: Truth) -> None:
        self._sink = sink
        self._truth = truth
        self._patients = self._dossiers = self._results = 0
        for table, row in _standing():
            self._sink.insert(table, row, utf8=False)
            self._truth.row(table.name, (Mess.PASSWORD,) if table is USERS else ())

    def write(self, chart: Chart) -> None:
        """A row of patients, its dossiers and their results."""
        self._patients += 1
        mess = chart.mess
        if chart.kept:
            row = (self._patients, *(_cell(getattr(chart.columns, name)) for name in Columns.__struct_fields__))
            mess += self._sink.insert(PATIENTS, row, utf8=chart.utf8)
            self._truth.row(PATIENTS.name, mess)
        self._truth.patient(self._patients, chart, mess)
        for dossier in chart.dossiers:
            self._dossier(chart, dossier)

    def close(self) -> None:
        """Finish what was written."""
        self._sink.close()

    def _dossier(self, chart: Chart, dossier: Dossier) -> None:
        self._dossiers += 1
        row = (
            self._dossiers,
            dossier.numdos,
            self._patients,
            dossier.datprel.compact,
            dossier.heuprel.compact,
            dossier.site,
            dossier.prescripteur,
        )
        mess = dossier.mess + self._sink.insert(DOSSIERS, row, utf8=dossier.utf8)
        if not chart.kept:
            mess = (*mess, Mess.ORPHAN)
        self._truth.row(DOSSIERS.name, mess)
        for result in dossier.results:
            self._results += 1
            extra = self._sink.insert(RESULTS, _result(self._results, self._dossiers, result), utf8=dossier.utf8)
            own = result.mess + extra
            self._truth.row(RESULTS.name, own)
            self._truth.result(self._results, chart, dossier, result, mess + own)


def _result(number: int, dossier: int, result: Result) -> Row:
    return (
        number,
        dossier,
        result.codexam,
        result.valeur,
        result.unite,
        result.norminf or None,
        result.normsup or None,
        result.flag,
        result.statut,
        result.valideur,
        result.datval.compact,
        result.comres or None,
    )


def _cell(value: str | Written) -> Cell:
    return (value if isinstance(value, str) else value.compact) or None


def _standing() -> list[tuple[Table, Row]]:
    """The rows of the tables that do not grow with the patients."""
    rows: list[tuple[Table, Row]] = []
    for user in staff.users():
        names = (user.login, user.family, user.given, user.name, user.profile, user.password)
        rows.append((USERS, (user.number, *names)))
        rows.append((SESSIONS, (user.number, user.login, f"{user.number * 7919:016x}", "20201030")))
    rows += [(SITES, site) for site in staff.SITES]
    for doctor in staff.prescribers():
        where = (doctor.postcode, doctor.town, doctor.email or None)
        rows.append((PRESCRIBERS, (doctor.number, doctor.family, doctor.given, *where)))
    for entry in catalogue.entries():
        since, until = f"{entry.since:%Y%m%d}", f"{entry.until:%Y%m%d}"
        shown = (entry.code, entry.label, entry.unit, entry.low or None, entry.high or None)
        rows.append((TESTS, (*shown, since, until, ",".join(entry.sites))))
    return rows

"""The unload of an old program: PATIENTS.TXT of sixty columns and RESULTATS.TXT, separated or of fixed width.

Nothing is quoted or escaped, lines end with CR LF, and most but not all of them are in cp1252. The fixed layout has no
line of names; FORMAT.TXT beside it says where each column begins and how wide it is.
"""

from pathlib import Path
from random import Random
from typing import Final, Literal

from aliquot.cli.simulate import rates
from aliquot.cli.simulate.rates import Mess
from aliquot.cli.simulate.records import Chart, Columns, Dossier, Result, Written
from aliquot.cli.simulate.truth import Truth

Layout = Literal["separated", "fixed"]

PATIENTS: Final = "PATIENTS.TXT"
RESULTS: Final = "RESULTATS.TXT"
FORMAT: Final = "FORMAT.TXT"
PATIENT_COLUMNS: Final = tuple(name.upper() for name in Columns.__struct_fields__)
RESULT_COLUMNS: Final = (
    "NUMPAT",
    "NUMDOS",
    "DATPREL",
    "HEUPREL",
    "SITE",
    "PRESCRIPTEUR",
    *(name.upper() for name in Result.__struct_fields__[:11]),
)
_NARROW: Final = {
    "NUMPAT": 8, "TITRE": 5, "SEXE": 1, "DATNAI": 10, "LIEUNAI": 5, "NIR": 13, "CLENIR": 2, "RANGCPAM": 1, "CAISSE": 3,
    "CENTRE": 4, "REGIME": 2, "CP": 5, "TEL": 14, "PORTABLE": 14, "FAX": 14, "GRPSANG": 2, "RHESUS": 1, "MEDCP": 5,
    "NUMADH": 8, "DATMUT": 10, "DATNAIASS": 10, "NIRASS": 15, "DATDERN": 10, "DATCREA": 10, "SITE": 2, "PRESCP": 5,
    "DATMDP": 10, "ENVOI": 1, "CONFID": 1, "DECEDE": 1, "DATDEC": 10, "NUMFUS": 8, "STATUT": 2, "DATMOD": 10,
    "NUMDOS": 14, "DATPREL": 10, "HEUPREL": 5, "CODEXAM": 8, "UNITE": 8, "NORMINF": 8, "NORMSUP": 8, "FLAG": 1,
    "DATVAL": 10, "COMMENT1": 80, "COMMENT2": 80, "COMRES": 80, "MAIL": 60, "PRESMAIL": 30, "MEDMAIL": 30,
}  # fmt: skip
_WIDE: Final = 30
_LEAST_LOST, _MOST_LOST = 3, 7


class Flat:
    """Writes the two files, and counts what it breaks."""

    def __init__(self, folder: Path, layout: Layout, seed: int, truth: Truth) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._truth = truth
        self._rng = Random(f"{seed}/flat")
        self._fixed = layout == "fixed"
        self._patients = _File(folder / PATIENTS, PATIENT_COLUMNS, fixed=self._fixed)
        self._results = _File(folder / RESULTS, RESULT_COLUMNS, fixed=self._fixed)
        if self._fixed:
            (folder / FORMAT).write_bytes(_positions().encode("ascii"))

    def write(self, chart: Chart) -> None:
        """A row of patients and the rows of its results."""
        place = 0
        mess = chart.mess
        if chart.kept:
            values = tuple(_text(value) for value in _values(chart.columns))
            place, extra = self._line(self._patients, values, utf8=chart.utf8)
            mess += extra
            self._truth.row(PATIENTS, mess)
        self._truth.patient(place, chart, mess)
        for dossier in chart.dossiers:
            self._dossier(chart, dossier)

    def close(self) -> None:
        """End the files."""
        self._patients.close()
        self._results.close()

    def _dossier(self, chart: Chart, dossier: Dossier) -> None:
        shared = dossier.mess if chart.kept else (*dossier.mess, Mess.ORPHAN)
        begun = (
            chart.columns.numpat,
            dossier.numdos,
            dossier.datprel.slashed,
            dossier.heuprel.slashed,
            dossier.site,
            dossier.prescripteur,
        )
        for result in dossier.results:
            place, extra = self._line(self._results, (*begun, *_result(result)), utf8=dossier.utf8)
            mess = shared + result.mess + extra
            self._truth.row(RESULTS, mess)
            self._truth.result(place, chart, dossier, result, mess)

    def _line(self, file: "_File", values: tuple[str, ...], *, utf8: bool) -> tuple[int, tuple[str, ...]]:
        """Write a row, now and then without its end; where it begins and what became of it."""
        extra: tuple[str, ...] = ()
        lost = 0
        if self._rng.random() < rates.MISSING_SEPARATORS:
            lost = self._rng.randint(_LEAST_LOST, _MOST_LOST)
            extra = (Mess.MISSING_SEPARATORS,)
        text = file.line(values, lost)
        if utf8 and not text.isascii():
            extra = (*extra, Mess.OTHER_CHARSET)
        return file.write(text, "utf-8" if utf8 else "cp1252"), extra


class _File:
    """One of the two files, and how many lines it has."""

    def __init__(self, path: Path, columns: tuple[str, ...], *, fixed: bool) -> None:
        self._file = path.open("wb", buffering=1 << 18)
        self._pattern = "".join(f"%-{width(column)}.{width(column)}s" for column in columns) if fixed else ""
        self._widths = [width(column) for column in columns]
        self._written = 0
        if not fixed:
            self.write(";".join(columns), "ascii")

    def line(self, values: tuple[str, ...], lost: int) -> str:
        """A row as a line without its end; the last `lost` columns are left out."""
        if self._pattern:
            whole = self._pattern % values
            return whole[: -sum(self._widths[-lost:])] if lost else whole
        return ";".join(values[:-lost] if lost else values)

    def write(self, text: str, charset: str) -> int:
        """Write a line in a character set; the number of the line on which it begins."""
        begins = self._written + 1
        self._written += 1 + text.count("\n")
        self._file.write(text.encode(charset) + b"\r\n")
        return begins

    def close(self) -> None:
        """End the file."""
        self._file.close()


def width(column: str) -> int:
    """How many characters a column has in the fixed layout."""
    return _NARROW.get(column, _WIDE)


def _values(columns: Columns) -> tuple[str | Written, ...]:
    return tuple(getattr(columns, name) for name in Columns.__struct_fields__)


def _text(value: str | Written) -> str:
    return value if isinstance(value, str) else value.slashed


def _result(result: Result) -> tuple[str, ...]:
    return (
        result.codexam,
        result.libexam,
        result.valeur,
        result.unite,
        result.norminf,
        result.normsup,
        result.flag,
        result.statut,
        result.valideur,
        result.datval.slashed,
        result.comres,
    )


def _positions() -> str:
    lines = ["FICHIER;COLONNE;DEBUT;LONGUEUR\r\n"]
    for name, columns in ((PATIENTS, PATIENT_COLUMNS), (RESULTS, RESULT_COLUMNS)):
        begins = 1
        for column in columns:
            lines.append(f"{name};{column};{begins};{width(column)}\r\n")
            begins += width(column)
    return "".join(lines)

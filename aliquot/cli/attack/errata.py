"""An old laboratory of which ten results come over wrongly: what it says, and what came.

Eight were written wrongly on the way to the load. Two came as they were, and a map that is mistaken about them makes
the load itself get them wrong.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from aliquot.cli.attack import oldlab
from aliquot.cli.demo.move import answers
from aliquot.cli.simulate import flat
from aliquot.legacy import description
from aliquot.legacy.map import Map
from aliquot.legacy.reading import Reading
from aliquot.terms.mandates import Table

Row = dict[str, str]
SCOPE: Final = answers.scope()
EACH: Final = 20
"""Results of each person, in dossiers of ten."""
_DOSSIER: Final = 10
_PENDING, _OTHER_TEST = "P", "K"


@dataclass(frozen=True)
class Error:
    """What the old system says of one result, and what came of it: nothing at all, if it is None."""

    said: Callable[[Row], Row] = dict
    came: Callable[[Row], Row] | None = dict


ERRORS: Final = {
    "digits exchanged": Error(came=lambda row: row | {"VALEUR": row["VALEUR"][::-1]}),
    "mark of the fraction lost": Error(came=lambda row: row | {"VALEUR": row["VALEUR"].replace(",", "")}),
    "comparator lost": Error(
        said=lambda row: row | {"VALEUR": f"<{row['VALEUR']}"},
        came=lambda row: row | {"VALEUR": row["VALEUR"].removeprefix("<")},
    ),
    "a day later": Error(came=lambda row: row | {"DATPREL": f"{int(row['DATPREL'][:2]) + 1:02d}{row['DATPREL'][2:]}"}),
    "an hour later": Error(came=lambda row: row | {"HEUPREL": f"09{row['HEUPREL'][2:]}"}),
    "of somebody else": Error(came=lambda row: row | {"NUMPAT": "P0"}),
    "of another dossier": Error(came=lambda row: row | {"NUMDOS": "D0-0"}),
    "never came": Error(came=None),
    "validated though it was not": Error(said=lambda row: row | {"STATUT": _PENDING}),
    "another test": Error(said=lambda row: row | {"CODEXAM": _OTHER_TEST}),
}
STRAYED: Final = 7
"""Of so many, what stands here is in no row of the source: what changed on the way, and came."""


def places(many: int) -> dict[int, Error]:
    """Which of so many rows come over wrongly, from 1."""
    return {many * at // (len(ERRORS) + 1): error for at, error in enumerate(ERRORS.values(), start=1)}


def said(folder: Path, many: int) -> Reading:
    """So many results as the old system says them."""
    wrong = places(many)
    return reading(folder, many, (wrong[at].said(row(at)) if at in wrong else row(at) for at in _rows(many)))


def came(folder: Path, many: int) -> Reading:
    """The same results as they came."""
    return reading(folder, many, _coming(many))


def reading(folder: Path, many: int, rows: Iterable[Row]) -> Reading:
    """An old laboratory that says these rows, of as many people as so many results are of."""
    people, results = SCOPE.tables
    folder.mkdir()
    _write(folder / flat.PATIENTS, people, map(_person, range(many // EACH)))
    _write(folder / flat.RESULTS, results, rows)
    (folder / "source.toml").write_text(oldlab.SOURCE)
    return Reading(SCOPE, description.read(folder / "source.toml"))


def row(place: int) -> Row:
    """A result of the old laboratory, from 1."""
    of, at = divmod(place - 1, EACH)
    return {
        "NUMPAT": f"P{of}",
        "NUMDOS": f"D{of}-{at // _DOSSIER}",
        "DATPREL": f"{1 + at // _DOSSIER:02d}/{1 + of % 12:02d}/2019",
        "HEUPREL": f"08:{at % _DOSSIER:02d}",
        "SITE": "01",
        "CODEXAM": "NA",
        "VALEUR": f"{130 + of % 20},{at:02d}",
        "UNITE": "mmol/l",
        "STATUT": "VB",
    }


def mistaken(drawn: Map) -> Map:
    """A map that reads two of the results as something else; about all others it is right."""
    tests = tuple(
        msgspec.structs.replace(rule, test="NA", loinc="") if rule.code == _OTHER_TEST else rule for rule in drawn.tests
    )
    return msgspec.structs.replace(drawn, tests=tests, statuses=drawn.statuses | {_PENDING: "final"})


def _coming(many: int) -> Iterator[Row]:
    wrong = places(many)
    for at in _rows(many):
        error = wrong.get(at)
        if error is None:
            yield row(at)
        elif error.came is not None:
            yield error.came(error.said(row(at)))


def _write(file: Path, table: Table, rows: Iterable[Row]) -> None:
    with file.open("w", encoding="ascii", newline="\r\n") as written:
        written.write(";".join(table.columns) + "\n")
        written.writelines(";".join(row.get(column, "") for column in table.columns) + "\n" for row in rows)


def _rows(many: int) -> range:
    return range(1, many + 1)


def _person(number: int) -> Row:
    """Nobody is like anybody: custody compares them all, and whoever waits is not looked for."""
    drawn = hashlib.sha256(f"{number}".encode()).digest()
    letters = "".join(chr(65 + byte % 26) for byte in drawn)
    born = f"{1 + number % 28:02d}/{1 + number // 28 % 12:02d}/{1930 + number // 336 % 60}"
    return {"NUMPAT": f"P{number}", "NOM": letters[:12], "PRENOM": letters[12:22], "SEXE": "F", "DATNAI": born}

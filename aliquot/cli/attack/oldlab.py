"""The old laboratory that is attacked: sixty columns and twenty years, with a planted word in every cell that can bear
one, of which eighteen columns and two years are ordered.
"""

import secrets
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path

import msgspec

from aliquot.cli.attack.ground import Ground
from aliquot.cli.demo.move import answers
from aliquot.cli.demo.move.answers import PEOPLE, RESULTS
from aliquot.cli.simulate import key, life
from aliquot.cli.simulate.flat import Flat
from aliquot.cli.simulate.life import Life
from aliquot.cli.simulate.records import Chart, Columns, Dossier, Result, Written
from aliquot.cli.simulate.truth import Truth
from aliquot.lab import catalogue, setting
from aliquot.lab.setting import Setting
from aliquot.legacy import description
from aliquot.legacy import map as maps
from aliquot.legacy.entrance import Leave
from aliquot.legacy.map import Map
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.progress import Progress
from aliquot.legacy.reading import Reading
from aliquot.terms.mandates import Follows, Scope, Table

_RUN = secrets.token_hex(3)
OUTSIDE, WITHIN = f"Zqo{_RUN}", f"Zqi{_RUN}"
"""Every cell outside the mandate begins with the one, every cell within it that can bear a word with the other."""
SINCE, UNTIL = date(2019, 1, 1), date(2020, 12, 31)
_OF_PEOPLE = {
    "NUMPAT": Meaning.PATIENT_NUMBER,
    "NOM": Meaning.PATIENT_FAMILY,
    "PRENOM": Meaning.PATIENT_GIVEN,
    "SEXE": Meaning.PATIENT_SEX,
    "DATNAI": Meaning.PATIENT_BORN_ON,
    "NIR": Meaning.PATIENT_NIR,
    "CLENIR": Meaning.PATIENT_NIR,
    "ADR1": Meaning.PATIENT_ADDRESS,
    "VILLE": Meaning.PATIENT_CITY,
}
_OF_RESULTS = {
    "NUMPAT": Meaning.PATIENT_NUMBER,
    "NUMDOS": Meaning.DOSSIER_NUMBER,
    "DATPREL": Meaning.DOSSIER_COLLECTED_ON,
    "SITE": Meaning.DOSSIER_SITE,
    "CODEXAM": Meaning.RESULT_TEST,
    "VALEUR": Meaning.RESULT_VALUE,
    "UNITE": Meaning.RESULT_UNIT,
    "STATUT": Meaning.RESULT_STATUS,
    "COMRES": Meaning.RESULT_COMMENT,
}
_BEARING = frozenset({"numpat", "nom", "prenom", "adr1", "ville"})
"""Columns of people within the mandate that may say anything; the others have a form of their own."""
_DECIDING = frozenset({"datprel", "site"})
_FORMS = ("dd/mm/yyyy",)
SOURCE = f'{answers.SOURCE}\n[dates]\n"{RESULTS}.DATPREL" = ["{_FORMS[0]}"]\n'
SCOPE = Scope(
    (
        Table(PEOPLE, tuple(_OF_PEOPLE), follows=Follows("NUMPAT", RESULTS, "NUMPAT")),
        Table(RESULTS, tuple(_OF_RESULTS), dated="DATPREL", sited="SITE"),
    ),
    SINCE,
    UNTIL,
    tuple(sorted(key.key().sites)),
)


@dataclass(frozen=True)
class Old:
    """The old laboratory in its folder."""

    folder: Path

    def reading(self) -> Reading:
        """It, opened under the mandate."""
        return Reading(SCOPE, description.read(self.folder / "source.toml"))


class _Pen:
    """Writes planted words, each another one."""

    def __init__(self) -> None:
        self._planted = 0

    def outside(self, cell: str | Written) -> str | Written:
        """A word in a cell outside."""
        self._planted += 1
        word = f"{OUTSIDE}{self._planted:06d}"
        return word if isinstance(cell, str) else Written(word, word)


def made(folder: Path, patients: int) -> Old:
    """An invented laboratory with a planted word in every cell that can bear one."""
    pen = _Pen()
    writer = Flat(folder, "separated", 1, Truth(folder, "none"))
    for chart in life.charts(Life(patients, 1, 6.0)):
        writer.write(_planted(chart, pen))
    writer.close()
    (folder / "source.toml").write_text(SOURCE)
    return Old(folder)


def drawn(mandate: str, profile: str, site: str) -> Map:
    """The biologist's map: that of the demonstration, for the columns that are ordered here."""
    tables = {PEOPLE: answers.columns(_OF_PEOPLE, _FORMS), RESULTS: answers.columns(_OF_RESULTS, _FORMS)}
    whole = answers.drawn(mandate, profile, site)
    return msgspec.structs.replace(whole, tables=tables, flags={}, erased=())


def load(leave: Leave, drawn: Map, scope: Scope, reading: Reading) -> None:
    """Load a source as the product does."""
    from aliquot.legacy.loading import Load  # only when Django knows which installation it is about

    Load(leave, drawn, scope, Progress(drawn.mandate, maps.digest(drawn)), lambda _: None).run(reading)


def where(ground: Ground) -> Setting:
    """What the receiving laboratory works with."""
    published = resources.files("aliquot.cli.demo").joinpath("catalogue.toml").read_text("utf-8")
    described = ground.world.installation.laboratories[0]
    return Setting(catalogue.parse(published), setting.laboratory(described))


def _planted(chart: Chart, pen: _Pen) -> Chart:
    ordered = any(_in_range(dossier) for dossier in chart.dossiers)
    number = f"{WITHIN if ordered else OUTSIDE}{chart.columns.numpat}"
    dossiers = tuple(_dossier(dossier, pen) for dossier in chart.dossiers)
    return msgspec.structs.replace(chart, columns=_person(chart.columns, number, pen, ordered), dossiers=dossiers)


def _person(columns: Columns, number: str, pen: _Pen, ordered: bool) -> Columns:  # one row's verdict
    said: dict[str, str | Written] = {}
    for name in Columns.__struct_fields__:
        if not ordered or name.upper() not in _OF_PEOPLE:
            said[name] = pen.outside(getattr(columns, name))
        elif name in _BEARING:
            said[name] = f"{WITHIN}{name}{columns.numpat}"
    return msgspec.structs.replace(columns, **said | {"numpat": number})


def _dossier(dossier: Dossier, pen: _Pen) -> Dossier:
    ordered = _in_range(dossier)
    own = ("numdos", "heuprel", "prescripteur")
    said = {name: pen.outside(getattr(dossier, name)) for name in own if not ordered or name.upper() not in _OF_RESULTS}
    results = tuple(_result(result, pen, ordered) for result in dossier.results)
    return msgspec.structs.replace(dossier, **said | {"results": results})


def _result(result: Result, pen: _Pen, ordered: bool) -> Result:  # one row's verdict
    said: dict[str, str | Written] = {}
    for name in Result.__struct_fields__[:11]:
        if not ordered or name.upper() not in _OF_RESULTS:
            said[name] = pen.outside(getattr(result, name))
    if ordered:
        said["comres"] = f"{WITHIN}comres"
    return msgspec.structs.replace(result, **said)


def _in_range(dossier: Dossier) -> bool:
    """Whether the rows of a dossier are ordered; a day that cannot be read is not."""
    day, month, year = dossier.datprel.slashed.split("/")
    try:
        return SINCE <= date(int(year), int(month), int(day)) <= UNTIL
    except ValueError:
        return False

"""A small map of an old laboratory, and rows as its tables hold them."""

from collections.abc import Iterable
from datetime import date
from importlib import resources

from aliquot.lab import catalogue
from aliquot.legacy import map as maps
from aliquot.legacy.map import Map
from aliquot.legacy.source import Cell, Chunk
from aliquot.terms.mandates import Scope, Table

PEOPLE = Table("P", ("NUM", "NOM", "PRE", "NAI", "SEXE", "NIR", "ADR1", "ADR2", "CP", "VILLE", "COM", "SUP"))
RESULTS = Table("R", ("NUM", "DOS", "JOUR", "HEURE", "SITE", "COD", "LIB", "VAL", "UNI", "FLAG", "ST", "VALIDE", "COM"))
CATALOGUE = catalogue.parse(resources.files("aliquot.cli.demo").joinpath("catalogue.toml").read_text("utf-8"))
TODAY = date(2026, 1, 1)
SCOPE = Scope((PEOPLE, RESULTS), date(2001, 1, 1), date(2025, 12, 31))
TOML = """
mandate = "00"
profile = "11"
system = "urn:old:patients"
zone = "Europe/Paris"
mark = ","
erased = ["D"]

[tables.P]
NUM = { means = "patient.number" }
NOM = { means = "patient.family" }
PRE = { means = "patient.given" }
NAI = { means = "patient.born_on", forms = ["dd/mm/yyyy"] }
SEXE = { means = "patient.sex" }
NIR = { means = "patient.nir" }
ADR1 = { means = "patient.address" }
ADR2 = { means = "patient.address" }
CP = { means = "patient.postcode" }
VILLE = { means = "patient.city" }
COM = { means = "patient.note" }
SUP = { means = "row.deleted" }

[tables.R]
NUM = { means = "patient.number" }
DOS = { means = "dossier.number" }
JOUR = { means = "dossier.collected_on", forms = ["ddmmyyyy"] }
HEURE = { means = "dossier.collected_time" }
SITE = { means = "dossier.site" }
COD = { means = "result.test" }
LIB = { means = "result.test_name" }
VAL = { means = "result.value" }
UNI = { means = "result.unit" }
FLAG = { means = "result.flag" }
ST = { means = "result.status" }
VALIDE = { means = "result.validated_by" }
COM = { means = "result.comment" }

[[tests]]
code = "NAT"
test = "NA"
same_method = true

[[tests]]
code = "GLY"
unit = "g/l"
test = "GLU"

[[tests]]
code = "GLY"
unit = "mmol/l"
test = "GLU"

[[tests]]
code = "URE"
test = "UREA"
ucum = "mmol/L"
until = 2009-12-31

[[tests]]
code = "URE"
test = "CREA"
ucum = "umol/L"
since = 2010-01-01

[[tests]]
code = "VS"
test = ""

[units]
"g/l" = "g/L"
"mmol/l" = "mmol/L"

[statuses]
V = "final"
"" = "unknown"
X = "deleted"

[sexes]
M = "male"
F = "female"

[flags]
"+" = "H"

[absent]
NF = "not-performed"

[sites]
"01" = "main"
"""


def drawn(toml: str = TOML) -> Map:
    """The map as its author wrote it."""
    return maps.parse(toml)


def chunk(rows: Iterable[tuple[Cell, ...]], first: int = 1) -> Chunk:
    """Rows as a reader gives them."""
    held = tuple(rows)
    return Chunk(held, range(first, first + len(held)))


def person(number: str = "17", **said: str) -> tuple[Cell, ...]:
    """A row of people, with what is said differently."""
    usual = {
        "NUM": number,
        "NOM": "LEFÈVRE",
        "PRE": "Anne Marie",
        "NAI": "03/11/1951",
        "SEXE": "F",
        "NIR": "",
        "ADR1": "3 rue des Exemples",
        "ADR2": "",
        "CP": "35000",
        "VILLE": "RENNES",
        "COM": "",
        "SUP": "",
    }
    return tuple((usual | said).values())


def result(number: str = "17", dossier: str = "900", **said: str) -> tuple[Cell, ...]:
    """A row of results, with what is said differently."""
    usual = {
        "NUM": number,
        "DOS": dossier,
        "JOUR": "01072019",
        "HEURE": "0800",
        "SITE": "01",
        "COD": "NAT",
        "LIB": "SODIUM",
        "VAL": "140",
        "UNI": "mmol/l",
        "FLAG": "",
        "ST": "V",
        "VALIDE": "AB",
        "COM": "",
    }
    return tuple((usual | said).values())

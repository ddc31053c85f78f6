"""What stands apart in the old system is read together, and every row has a fate, also where nothing is read of it."""

from datetime import date
from pathlib import Path

import pytest

from aliquot.legacy import lookups, mapfile
from aliquot.legacy import map as maps
from aliquot.legacy.fates import Bin, Sums
from aliquot.legacy.reading import Reading
from aliquot.legacy.rehearsal import Trial
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Follows, Scope, Table
from tests.legacy.old import CATALOGUE, TODAY, drawn
from tests.legacy.sources import old

PEOPLE = Table("PAT", ("ID", "NUM", "NOM", "NE"))
DOSSIERS = Table("DOS", ("ID", "PAT", "JOUR"), dated="JOUR")
RESULTS = Table("RES", ("DOS", "COD", "VAL"), follows=Follows("DOS", "DOS", "ID"))
OTHERS = Table("USR", ("ID", "NOM"))
SCOPE = Scope((PEOPLE, DOSSIERS, RESULTS, OTHERS), date(2001, 1, 1), date(2020, 12, 31))
TWICE = ["16;1;20190407", "16;2;20190408"]
FILES = {
    "PAT": ["1;700;NOIR;01/02/1950", "2;701;BLANC;03/04/1960"],
    "DOS": [
        *TWICE,
        "10;1;20190401",
        "11;2;20190402",
        "12;9;20190403",
        "13;1;19990404",
        "14;2;20190405",
        "15;1;20190406",
    ],
    "RES": ["10;NAT;140", "10;NAT;141", "11;NAT;139", "12;NAT;138", "13;NAT;137", "16;NAT;136", ";NAT;135"],
    "USR": ["1;DURAND", "2;DUPONT"],
}
TOML = """
mandate = "00"
profile = "11"
system = "urn:old"
zone = "Europe/Paris"
mark = "."

[tables.PAT]
NUM = { means = "patient.number" }
NOM = { means = "patient.family" }
NE = { means = "patient.born_on", forms = ["dd/mm/yyyy"] }

[tables.RES]
DOS = { means = "dossier.number" }
"DOS/JOUR" = { means = "dossier.collected_on", forms = ["yyyymmdd"] }
"DOS/PAT/NUM" = { means = "patient.number" }
COD = { means = "result.test" }
VAL = { means = "result.value" }

[links.RES]
DOS = { table = "DOS", of = "ID" }

[links.DOS]
PAT = { table = "PAT", of = "ID" }

[[tests]]
code = "NAT"
test = "NA"
ucum = "mmol/L"

[sites]
"" = "main"
"""


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    """Four tables of a small relational system."""
    for table in SCOPE.tables:
        (tmp_path / f"{table.name}.csv").write_text("\n".join((";".join(table.columns), *FILES[table.name])) + "\n")
    return Reading(SCOPE, old.described(tmp_path, 'kind = "delimited"\nseparator = ";"\nfolder = "."\n'))


def fates(sums: Sums, table: str) -> dict[tuple[Bin, str], int]:
    """How many rows of a table ended where, and why."""
    return {(one.bin, one.reason): one.rows for one in sums.counted if one.table == table}


def test_a_result_is_read_with_its_dossier_and_whose_dossier_that_is(reading: Reading) -> None:
    told = Trial(drawn(TOML), SCOPE, CATALOGUE, TODAY).run(reading)
    assert (told.people, told.dossiers) == (2, 2)
    assert [(one.month, one.results, str(one.sum)) for one in told.months] == [("2019-04", 3, "420")]
    assert fates(told.sums, "RES") == {
        (Bin.IMPORTED, ""): 3,
        # Of the dossier 12 nobody knows whose it is, and the dossier 16 is there twice.
        (Bin.PARKED, "number-missing"): 1,
        (Bin.PARKED, "date-missing"): 1,
        (Bin.OUT_OF_SCOPE, "follows"): 2,
    }


def test_tables_that_are_only_looked_up_or_not_read_at_all_are_accounted_for(reading: Reading) -> None:
    told = Trial(drawn(TOML), SCOPE, CATALOGUE, TODAY).run(reading)
    assert fates(told.sums, "DOS") == {
        (Bin.MERGED, "read-with-others"): 3,
        (Bin.PARKED, "nothing-refers-to-it"): 2,
        (Bin.PARKED, "key-again"): 2,
        (Bin.OUT_OF_SCOPE, "date"): 1,
    }
    assert fates(told.sums, "USR") == {(Bin.PARKED, "table-not-mapped"): 2}
    assert told.sums.rows == {name: len(rows) for name, rows in FILES.items()}
    assert told.sums.open() == ()


@pytest.mark.parametrize(
    ("was", "is_", "fault"),
    [
        ('"DOS/PAT/NUM"', '"DOS/PAT/NIR"', "tables.RES.DOS/PAT/NIR: the mandate does not name it"),
        ('"DOS/JOUR"', '"COD/JOUR"', "tables.RES.COD/JOUR: the mandate does not name it"),
        ('of = "ID" }\n\n[links', 'of = "CLE" }\n\n[links', "links.RES.DOS: the mandate does not name it, or DOS.CLE"),
        ('table = "PAT"', 'table = "DOS"', "links.DOS.PAT: it leads back to where it begins"),
    ],
)
def test_a_link_that_leads_nowhere_is_a_fault(was: str, is_: str, fault: str) -> None:
    assert was in TOML
    assert fault in list(maps.faults(drawn(TOML.replace(was, is_)), SCOPE, CATALOGUE))
    with pytest.raises(Refused):
        maps.check(drawn(TOML.replace(was, is_)), SCOPE, CATALOGUE)


def test_links_stand_in_the_file_of_a_map() -> None:
    assert maps.parse(mapfile.text(drawn(TOML))) == drawn(TOML)


def test_a_table_without_links_is_as_wide_as_the_mandate_says() -> None:
    assert maps.widened(drawn(TOML), PEOPLE) is PEOPLE
    assert maps.widened(drawn(TOML), RESULTS).columns == ("DOS", "COD", "VAL", "DOS/JOUR", "DOS/PAT/NUM")


def test_many_rows_are_found_by_their_keys_and_take_little_memory() -> None:
    lookup = lookups.Lookup()
    for number in range(20_000):
        lookup.add(f"{number * 7}", (f"D{number}", None, "20190401", "0800", "01"))
    lookup.settle()
    assert [lookup.found(f"{number * 7}") for number in (0, 511, 512, 19_999)] == [
        [(number, (f"D{number}", None, "20190401", "0800", "01"))] for number in (0, 511, 512, 19_999)
    ]
    assert lookup.found("1") == lookup.found("") == []
    assert lookup.size() < 35 * 20_000

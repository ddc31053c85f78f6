"""What an old system seems to be, without anybody in it."""

import os
import random
import subprocess
import sys
import tracemalloc
from datetime import date
from pathlib import Path

import pytest

from aliquot.legacy import profile
from aliquot.legacy.description import Description
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.profile import Column, Profile
from aliquot.legacy.reading import Reading
from aliquot.terms import canonical, identifiers
from aliquot.terms.mandates import Scope, Table
from tests.legacy.sources import old

CSV = 'kind = "delimited"\nfolder = "."\nseparator = ";"\n'
PEOPLE = ("NUMPAT", "NOM", "PRENOM", "DATNAI", "NIR", "SEXE", "TEL", "PORTABLE", "MAIL", "CP", "OBS")
RESULTS = ("DOSSIER", "NUMPAT", "DATPREL", "CODEXAM", "LIBEXAM", "VALEUR", "UNITE", "STATUT", "QUI")
FAMILIES = ("CANARION", "KERGUELENEC", "TREMAREC", "MARTIN", "BERNARD", "PETIT")
GIVENS = ("Zéphyrine", "Marie", "Anne", "Loïc", "Yann", "Ondine")


def nir(chance: random.Random) -> str:
    born = f"{chance.choice('12')}{chance.randrange(30, 99)}{chance.randrange(1, 13):02d}"
    body = f"{born}35238{chance.randrange(1, 999):03d}"
    return body + identifiers.nir_key(body)


def people(much: int) -> list[tuple[str, ...]]:
    chance = random.Random(11)
    rows: list[tuple[str, ...]] = []
    for number in range(1, much + 1):
        family, given = chance.choice(FAMILIES), chance.choice(GIVENS)
        born = f"{chance.randrange(1, 29):02d}/{chance.randrange(1, 13):02d}/{chance.randrange(1930, 2015)}"
        note = (
            "séropositive depuis 1998, sous Truvada"
            if number % 10 == 0
            else ""
            if number % 3
            else "préfère le matin tôt"
        )
        mail = f"canary{number}@example.org"
        phone, mobile = f"02 98 {number % 90 + 10} 11 22", f"06.12.{number % 90 + 10}.44.55"
        rows.append(
            (
                f"P{number:06d}",
                family,
                given,
                born,
                nir(chance),
                chance.choice("MF"),
                phone,
                mobile,
                mail,
                "29200",
                note,
            )
        )
    return rows


def results(much: int, patients: int) -> list[tuple[str, ...]]:
    chance = random.Random(12)
    rows: list[tuple[str, ...]] = []
    for number in range(much):
        day = f"{number % 28 + 1:02d}/{number % 12 + 1:02d}/{2018 + number % 3}"
        patient = f"P{number % (patients + patients // 10) + 1:06d}"
        common = (f"{20180000 + number // 4}", patient, day)
        match number % 4:
            case 0:
                row = ("GLU", "Glucose", f"{chance.gauss(0.95, 0.1):.2f}".replace(".", ","), "g/L", "V", "DUPUIS")
            case 1:
                row = ("GLU", "Glycémie", f"{chance.gauss(5.2, 0.5):.1f}".replace(".", ","), "mmol/L", "V", "DUPUIS")
            case 2:
                row = ("AGHBS", "Antigène HBs", "négatif", "", "V", "LEFORT")
            case _:
                row = (
                    "NA",
                    "Sodium",
                    {3: "Mme CANARION refuse la prise", 203: "0612345678"}.get(number % 400, "140"),
                    "mmol/L",
                    "D",
                    "LEFORT",
                )
        rows.append((*common, *row))
    return rows


def laboratory(folder: Path, much: int) -> Description:
    for name, header, rows in (("PATIENTS", PEOPLE, people(much)), ("RESULTATS", RESULTS, results(20 * much, much))):
        lines = [";".join(header), *(";".join(row) for row in rows)]
        (folder / f"{name}.csv").write_text("\n".join(lines), "utf-8")
    return old.described(folder, CSV)


SCOPE = Scope((Table("PATIENTS", PEOPLE), Table("RESULTATS", RESULTS)), date(2015, 1, 1), date(2020, 12, 31))


def taken(source: Description) -> Profile:
    with Reading(SCOPE, source) as reading:
        return profile.take(reading, SCOPE, source.digest())


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    """The profile of two hundred patients."""
    return taken(laboratory(tmp_path_factory.mktemp("old"), 200))


def column(found: Profile, table: str, name: str) -> Column:
    columns = next(each.columns for each in found.tables if each.name == table)
    return next(each for each in columns if each.name == name)


@pytest.mark.parametrize(
    ("table", "name", "meaning", "kind"),
    [
        ("PATIENTS", "NUMPAT", Meaning.PATIENT_NUMBER, "code"),
        ("PATIENTS", "NOM", Meaning.PATIENT_FAMILY, "names"),
        ("PATIENTS", "PRENOM", Meaning.PATIENT_GIVEN, "names"),
        ("PATIENTS", "DATNAI", Meaning.PATIENT_BORN_ON, "date"),
        ("PATIENTS", "NIR", Meaning.PATIENT_NIR, "national number"),
        ("PATIENTS", "TEL", Meaning.PATIENT_PHONE, "telephone"),
        ("PATIENTS", "PORTABLE", Meaning.PATIENT_MOBILE, "telephone"),
        ("PATIENTS", "MAIL", Meaning.PATIENT_EMAIL, "e-mail"),
        ("PATIENTS", "CP", Meaning.PATIENT_POSTCODE, "postcode"),
        ("PATIENTS", "OBS", Meaning.PATIENT_NOTE, "free text"),
        ("RESULTATS", "CODEXAM", Meaning.RESULT_TEST, "code list"),
        ("RESULTATS", "VALEUR", Meaning.RESULT_VALUE, "decimal"),
        ("RESULTATS", "UNITE", Meaning.RESULT_UNIT, "code list"),
        ("RESULTATS", "STATUT", Meaning.RESULT_STATUS, "code list"),
    ],
)
def test_columns_are_known_by_their_names_and_cells(
    small: Profile, table: str, name: str, meaning: Meaning, kind: str
) -> None:
    found = column(small, table, name)
    assert (found.guess.meaning, found.kind) == (meaning, kind)
    assert found.guess.sure >= 75
    assert found.guess.reason


def test_a_column_is_known_by_its_cells_alone(tmp_path: Path) -> None:
    chance = random.Random(1)
    (tmp_path / "T1.csv").write_text("A;B\n" + "".join(f"{nir(chance)};06 11 22 33 {n % 90 + 10}\n" for n in range(60)))
    source = old.described(tmp_path, CSV)
    scope = Scope((Table("T1", ("A", "B")),), date(2015, 1, 1), date(2020, 12, 31))
    with Reading(scope, source) as reading:
        found = profile.take(reading, scope, b"")
    assert [each.guess.meaning for each in found.tables[0].columns] == [Meaning.PATIENT_NIR, Meaning.PATIENT_MOBILE]
    assert "100 % of the cells looked at are national numbers" in found.tables[0].columns[0].guess.reason


def test_nobody_is_in_a_profile(small: Profile) -> None:
    written = canonical.encode(small).decode().casefold()
    rows = people(200)
    for place in (0, 2, 3, 4, 6, 7, 8, 10):
        for row in rows:
            assert not row[place] or row[place].casefold() not in written
    assert not any(word in written for word in ("canarion", "kerguelenec", "truvada", "refuse", "dupuis", "canary"))


def test_codes_of_the_laboratory_are_in_clear(small: Profile) -> None:
    assert {each.what for each in column(small, "RESULTATS", "CODEXAM").codes} == {"GLU", "AGHBS", "NA"}
    assert {each.what for each in column(small, "RESULTATS", "UNITE").codes} == {"g/L", "mmol/L"}
    assert column(small, "PATIENTS", "NOM").codes == ()


def test_a_column_of_people_under_the_name_of_a_code_stays_masked(tmp_path: Path) -> None:
    units, codes = ("mmol/L", "g/L", "%", "MARTIN"), ("GLU", "NA", "K", nir(random.Random(1)))
    cells = "".join(f"{units[n % 4]};{codes[n % 4]};{n}\n" for n in range(100))
    (tmp_path / "RES.csv").write_text(f"UNITE;CODEXAM;VALEUR\n{cells}")
    scope = Scope((Table("RES", ("UNITE", "CODEXAM", "VALEUR")),), date(2015, 1, 1), date(2020, 12, 31))
    with Reading(scope, old.described(tmp_path, CSV)) as reading:
        found = profile.take(reading, scope, b"")
    meanings = [each.guess.meaning for each in found.tables[0].columns]
    assert meanings == [Meaning.RESULT_UNIT, Meaning.RESULT_TEST, Meaning.RESULT_VALUE]
    assert found.tables[0].tests == ()
    assert all(each.codes == () for each in found.tables[0].columns)
    assert "MARTIN" not in canonical.encode(found).decode()


def test_what_hardly_any_cell_says_is_counted_and_not_shown(tmp_path: Path) -> None:
    """A name among the codes, a unit that is a name, the one value of a rare test: nobody, nine cells of each."""
    common = [("GLU", "Glucose", f"{4 + n % 5},{n % 7}", "mmol/L", "V") for n in range(200)]
    rare = [
        *[("CANARION", "Glucose", "5,1", "mmol/L", "V")] * 9,
        *[("GLU", "Mme Canarion", "5,1", "mmol/L", "V")] * 9,
        *[("GLU", "Glucose", "7351,77", "CANARION", "CANARION")] * 9,
        *[("GLU", "Glucose", "voir Canarion", "mmol/L", "V")] * 9,
    ]
    lines = (";".join(row) + "\n" for row in [*common, *rare])
    (tmp_path / "RES.csv").write_text("CODEXAM;LIBEXAM;VALEUR;UNITE;STATUT\n" + "".join(lines))
    scope = Scope(
        (Table("RES", ("CODEXAM", "LIBEXAM", "VALEUR", "UNITE", "STATUT")),), date(2015, 1, 1), date(2020, 12, 31)
    )
    with Reading(scope, old.described(tmp_path, CSV)) as reading:
        found = profile.take(reading, scope, b"")
    table, (glucose,) = found.tables[0], found.tables[0].tests
    said = canonical.encode(found).decode().casefold()
    assert "canarion" not in said
    assert "7351" not in said
    assert (table.rare, glucose.code, glucose.rare) == (9, "GLU", 9)
    assert [(unit.unit, unit.cells, unit.words) for unit in glucose.units] == [("mmol/L", 218, 9)]
    assert [(each.what, each.cells) for each in glucose.names] == [("Glucose", 218)]
    units = column(found, "RES", "UNITE")
    assert ([(each.what, each.cells) for each in units.codes], units.rare) == ([("mmol/L", 227)], 9)
    # One more of each, and it is a code like any other.
    (tmp_path / "RES.csv").write_text(
        "CODEXAM;LIBEXAM;VALEUR;UNITE;STATUT\n" + "".join(";".join(row) + "\n" for row in [*common, *rare, *rare[::9]])
    )
    with Reading(scope, old.described(tmp_path, CSV)) as reading:
        again = profile.take(reading, scope, b"")
    assert {test.code for test in again.tables[0].tests} == {"GLU", "CANARION"}


def test_ends_are_told_with_two_digits(tmp_path: Path) -> None:
    cells = "".join(f"GLU;{n}\n" for n in range(1234, 1300))
    (tmp_path / "RES.csv").write_text("CODEXAM;VALEUR\n" + cells)
    scope = Scope((Table("RES", ("CODEXAM", "VALEUR")),), date(2015, 1, 1), date(2020, 12, 31))
    with Reading(scope, old.described(tmp_path, CSV)) as reading:
        found = profile.take(reading, scope, b"")
    (unit,) = found.tables[0].tests[0].units
    assert (unit.least, unit.most) == ("1200", "1300")
    assert (column(found, "RES", "VALEUR").least, column(found, "RES", "VALEUR").most) == ("1200", "1300")


def test_words_that_hurt_are_counted_by_class(small: Profile) -> None:
    assert [(each.what, each.cells) for each in column(small, "PATIENTS", "OBS").sensitive] == [("hiv", 20)]


def test_each_old_test_has_its_names_units_months_and_spread(small: Profile) -> None:
    tests = {each.code: each for each in small.tables[1].tests}
    glucose = {each.unit: each for each in tests["GLU"].units}
    assert {each.what for each in tests["GLU"].names} == {"Glucose", "Glycémie"}
    assert (glucose["g/L"].numbers, glucose["g/L"].first, glucose["g/L"].last) == (1000, "2018-01", "2020-09")
    assert abs(float(glucose["g/L"].median) - 0.95) < 0.05
    assert abs(float(glucose["mmol/L"].median) - 5.2) < 0.2
    antigen = tests["AGHBS"].units[0]
    assert [(each.what, each.cells) for each in antigen.answers] == [("négatif", 1000)]
    sodium = tests["NA"].units[0]
    assert (sodium.words, sodium.answers, sodium.most) == (20, (), "140")


def test_ends_are_shown_of_numbers_and_years_and_of_nobody(small: Profile) -> None:
    assert (column(small, "PATIENTS", "DATNAI").least, column(small, "PATIENTS", "NIR").least) == ("1931", "")
    value = column(small, "RESULTATS", "VALEUR")
    assert float(value.least) < 1
    assert value.most == "140"


def test_keys_are_found_and_what_leads_nowhere_is_counted(small: Profile) -> None:
    assert column(small, "PATIENTS", "NUMPAT").unique
    assert not column(small, "RESULTATS", "NUMPAT").unique
    (link,) = [each for each in small.links if each.column == "NUMPAT" and each.table == "RESULTATS"]
    assert (link.to, link.key, link.orphans_per_mille) == ("PATIENTS", "NUMPAT", 90)


def test_dates_say_their_form_their_order_and_their_years(small: Profile) -> None:
    found = column(small, "PATIENTS", "DATNAI")
    assert [(each.what, each.cells) for each in found.formats] == [("dd/mm/yyyy", 200)]
    assert (found.order, found.two_digit_years, found.zoned) == ("dd", 0, 0)


def test_cells_that_were_damaged_are_counted(tmp_path: Path) -> None:
    (tmp_path / "T.csv").write_bytes("NOM\nRené\nRenÃ©\nRen\ufffd\n\n".encode())
    scope = Scope((Table("T", ("NOM",)),), date(2015, 1, 1), date(2020, 12, 31))
    with Reading(scope, old.described(tmp_path, CSV)) as reading:
        (found,) = profile.take(reading, scope, b"").tables[0].columns
    assert (found.cells, found.damaged, found.mojibake) == (3, 1, 1)


_DIGEST = """
import sys
from pathlib import Path
from tests.legacy import test_profile
print(test_profile.taken(test_profile.old.described(Path(sys.argv[1]), test_profile.CSV)).digest())
"""


def test_two_readings_of_one_source_have_one_digest(tmp_path: Path) -> None:
    laboratory(tmp_path, 300)
    digests = set()
    for seed in ("1", "2"):
        answer = subprocess.run(
            [sys.executable, "-c", _DIGEST, str(tmp_path)],
            check=True,
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        digests.add(answer.stdout.strip())
    assert len(digests) == 1
    with (tmp_path / "PATIENTS.csv").open("a") as file:
        file.write("\n" + ";".join(people(1)[0]))
    assert taken(old.described(tmp_path, CSV)).digest() not in digests


def test_many_times_the_rows_take_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for much in (600, 2400):
        folder = tmp_path / str(much)
        folder.mkdir()
        source = laboratory(folder, much)
        tracemalloc.start()
        taken(source)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 4_000_000

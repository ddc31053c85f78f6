"""Which rows come over, which stay, and that every row has exactly one fate."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from aliquot.legacy import fates, lines
from aliquot.legacy.fates import Account, Bin
from aliquot.legacy.sorting import Dossier, Found, Sorter
from aliquot.legacy.source import Cell, Chunk, Spoiled
from aliquot.terms.identity import Sex
from aliquot.terms.quantities import Absent, Quantity, Text, Value
from tests.legacy import old
from tests.legacy.old import CATALOGUE, PEOPLE, RESULTS, TODAY, chunk, person, result

Cells = tuple[Cell, ...]


class Run:
    """One run over some rows; what comes over is booked as imported."""

    def __init__(self, people: list[Cells], results: list[Cells]) -> None:
        self.account = Account()
        sorter = Sorter(old.drawn(), CATALOGUE, self.account, TODAY)
        self.people = list(self._booked(sorter.people(PEOPLE, [chunk(people)])))
        self.dossiers = []
        for dossier in sorter.results(RESULTS, [chunk(results)]):
            self.dossiers.append(dossier)
            for row in dossier.rows:
                self.account.fate("R", Bin.IMPORTED, row)
        self.sums = self.account.sums()

    def _booked(self, found: Iterator[Found]) -> Iterator[Found]:
        for one in found:
            self.account.fate("P", Bin.IMPORTED, one.row)
            yield one

    def stayed(self, table: str) -> list[tuple[Bin, str, str, tuple[int, ...]]]:
        return [
            (one.bin, one.reason, one.column, one.places)
            for one in self.sums.counted
            if one.table == table and one.bin is not Bin.IMPORTED
        ]

    def value(self) -> Value:
        ((line,),) = [dossier.lines for dossier in self.dossiers]
        return line.value


def test_a_person_comes_over_as_the_old_system_knew_them() -> None:
    run = Run([person(NIR="2 51 11 35 238 001 09", COM="sourde")], [])
    (found,) = run.people
    assert found.row == 1
    who = found.person
    assert (who.number, who.demography.family, who.demography.given) == ("17", "LEFÈVRE", ("Anne", "Marie"))
    assert (who.demography.born_on, who.demography.sex) == (date(1951, 11, 3), Sex.FEMALE)
    assert who.note == "sourde"
    assert who.contact is not None
    assert who.contact.lines == ("3 rue des Exemples",)


@pytest.mark.parametrize(
    ("said", "bin_", "reason", "column"),
    [
        ({"NUM": " "}, Bin.PARKED, "number-missing", "NUM"),
        ({"NOM": ""}, Bin.PARKED, "family-missing", "NOM"),
        ({"NAI": ""}, Bin.PARKED, "born_on-missing", "NAI"),
        ({"NAI": "31/02/1951"}, Bin.PARKED, "date-unclear", "NAI"),
        ({"NAI": "02/01/2026"}, Bin.PARKED, "born-after-today", "NAI"),
        ({"SUP": "D"}, Bin.REFUSED, "deleted", "SUP"),
    ],
)
def test_a_person_who_lacks_what_a_person_needs_stays(
    said: dict[str, str], bin_: Bin, reason: str, column: str
) -> None:
    run = Run([person(**said)], [])
    assert run.people == []
    assert run.stayed("P") == [(bin_, reason, column, (1,))]


def test_a_wrong_key_or_an_unknown_word_is_remarked_upon_and_the_person_comes() -> None:
    run = Run([person(NIR="251113523800199", SEXE="W")], [])
    assert [found.person.nir for found in run.people] == [""]
    assert [(one.reason, one.column, one.places) for one in run.sums.remarks] == [
        ("nir-key", "NIR", (1,)),
        ("sex-not-mapped", "SEXE", (1,)),
    ]


@pytest.mark.parametrize("written", ["2511135238001", " 2 51 11 35 238 001 ", "25111"])
def test_a_national_number_whose_key_nobody_read_has_no_wrong_key(written: str) -> None:
    run = Run([person(NIR=written)], [])
    assert [found.person.nir for found in run.people] == [""]
    assert [(one.reason, one.column) for one in run.sums.remarks] == [("nir-without-key", "NIR")]


def test_the_same_number_again_is_a_duplicate() -> None:
    run = Run([person(), person(NOM="LEFEVRE")], [])
    assert run.stayed("P") == [(Bin.DUPLICATE, "number-again", "", (2,))]


@pytest.mark.parametrize("said", [{"NAI": "04/11/1951"}, {"SEXE": "M"}])
def test_a_number_that_two_people_have_had_brings_no_results_to_either(said: dict[str, str]) -> None:
    run = Run([person(), person(**said), person(), person("18")], [result(), result("18", "901")])
    assert run.stayed("P") == [(Bin.PARKED, "number-of-another", "", (2, 3))]
    assert run.stayed("R") == [(Bin.PARKED, "patient-parked", "", (1,))]
    assert [one.patient for one in run.dossiers] == ["18"]


def test_results_that_stand_together_are_one_dossier_each() -> None:
    rows = [result(), result(COD="GLY", UNI="g/l", VAL="0,95"), result(dossier="901"), result(number="18", dossier="7")]
    run = Run([person(), person("18")], rows)
    assert [(one.patient, one.number, one.rows) for one in run.dossiers] == [
        ("17", "900", (1, 2)),
        ("17", "901", (3,)),
        ("18", "7", (4,)),
    ]
    visit = run.dossiers[0].lines[0].visit
    assert (visit.site, visit.collected_at) == ("main", datetime(2019, 7, 1, 6, tzinfo=UTC))


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ({}, Quantity(Decimal(140), "mmol/L")),
        ({"VAL": "0"}, Quantity(Decimal(0), "mmol/L")),
        ({"VAL": "<0,5"}, Quantity(Decimal("0.5"), "mmol/L", "<")),
        ({"VAL": ""}, Absent("unknown")),
        ({"VAL": "NF"}, Absent("not-performed")),
        ({"VAL": "hémolysé"}, Text("hémolysé")),
        ({"COD": "GLY", "UNI": "g/l", "VAL": "0,95"}, Quantity(Decimal("0.95"), "g/L")),
        ({"COD": "URE", "UNI": "", "VAL": "5,0"}, Quantity(Decimal("5.0"), "umol/L")),
        ({"COD": "URE", "UNI": "", "VAL": "5,0", "JOUR": "31122009"}, Quantity(Decimal("5.0"), "mmol/L")),
    ],
)
def test_a_value_comes_over_as_it_was_with_its_own_unit(said: dict[str, str], value: Value) -> None:
    assert Run([person()], [result(**said)]).value() == value


@pytest.mark.parametrize(
    ("said", "bin_", "reason", "column"),
    [
        ({"COD": "TSH"}, Bin.PARKED, "test-not-mapped", "COD"),
        ({"COD": ""}, Bin.PARKED, "test-missing", "COD"),
        ({"COD": "VS"}, Bin.PARKED, "test-left-behind", "COD"),
        ({"COD": "GLY", "UNI": "mg/l"}, Bin.PARKED, "test-not-mapped", "COD"),
        ({"UNI": "mEq/l"}, Bin.PARKED, "unit-not-mapped", "UNI"),
        ({"UNI": ""}, Bin.PARKED, "unit-missing", "UNI"),
        ({"VAL": "1.400"}, Bin.PARKED, "number-unclear", "VAL"),
        ({"ST": "P"}, Bin.PARKED, "status-not-mapped", "ST"),
        ({"ST": "X"}, Bin.REFUSED, "deleted", "ST"),
        ({"JOUR": "32012019"}, Bin.PARKED, "date-unclear", "JOUR"),
        ({"HEURE": "2561"}, Bin.PARKED, "date-unclear", "JOUR"),
        ({"JOUR": ""}, Bin.PARKED, "date-missing", "JOUR"),
        ({"SITE": "02"}, Bin.PARKED, "site-not-mapped", "SITE"),
        ({"NUM": ""}, Bin.PARKED, "number-missing", "NUM"),
        ({"NUM": "99"}, Bin.PARKED, "patient-unknown", ""),
        ({"JOUR": "02111951"}, Bin.PARKED, "born-after-collection", ""),
    ],
)
def test_what_is_not_mapped_or_not_readable_is_parked_with_its_place(
    said: dict[str, str], bin_: Bin, reason: str, column: str
) -> None:
    run = Run([person()], [result(**said)])
    assert run.dossiers == []
    assert run.stayed("R") == [(bin_, reason, column, (1,))]


def test_the_results_of_a_parked_person_are_parked_with_them() -> None:
    run = Run([person(NAI="")], [result()])
    assert run.stayed("R") == [(Bin.PARKED, "patient-parked", "", (1,))]


def test_the_same_row_again_in_its_dossier_is_a_duplicate_and_in_another_it_is_not() -> None:
    run = Run([person()], [result(), result(), result(dossier="901")])
    assert run.stayed("R") == [(Bin.DUPLICATE, "result-again", "", (2,))]
    assert [one.rows for one in run.dossiers] == [(1,), (3,)]


def test_a_value_may_stand_in_several_columns_its_comparator_before_its_number() -> None:
    apart = old.drawn(old.TOML.replace('LIB = { means = "result.test_name" }', 'LIB = { means = "result.value" }'))
    reader = lines.Reader(apart, RESULTS, CATALOGUE)
    row = result(LIB="<", VAL="140")
    assert reader.line(row, lambda *_: None).value == Quantity(Decimal(140), "mmol/L", "<")
    assert reader.original(row).value == "<140"
    assert reader.line(result(LIB="", VAL="140"), lambda *_: None).value == Quantity(Decimal(140), "mmol/L")


def test_words_of_the_old_system_are_kept_beside_the_result() -> None:
    reader_words = Run([person()], [result(FLAG="+", COM="contrôlé", VAL="140,0")])
    (dossier,) = reader_words.dossiers
    assert dossier.lines[0].flag == "H"
    assert dossier.lines[0].cells[10] == "V"


def test_an_unmapped_flag_is_remarked_upon_and_gives_none() -> None:
    run = Run([person()], [result(FLAG="!!")])
    assert run.dossiers[0].lines[0].flag == ""
    assert [(one.reason, one.column) for one in run.sums.remarks] == [("flag-not-mapped", "FLAG")]


def test_every_row_has_exactly_one_fate() -> None:
    rows = [result(), result(COD="TSH"), result(ST="X"), result(), result(number="99"), result(dossier="902")]
    run = Run([person(), person(), person("18", NOM="")], rows)
    assert run.sums.open() == ()
    assert sum(run.sums.bins("P").values()) == 3
    assert run.sums.bins("R") == {
        Bin.IMPORTED: 2,
        Bin.MERGED: 0,
        Bin.DUPLICATE: 1,
        Bin.PARKED: 2,
        Bin.OUT_OF_SCOPE: 0,
        Bin.REFUSED: 1,
    }


def test_a_spoiled_row_is_refused_with_its_place() -> None:
    account = Account()
    sorter = Sorter(old.drawn(), CATALOGUE, account, TODAY)
    spoiled = Chunk((person(),), (1,), (Spoiled(2, "too-few-cells"),))
    assert len(list(sorter.people(PEOPLE, [spoiled]))) == 1
    refused = [one for one in account.sums().counted if one.bin is Bin.REFUSED]
    assert [(one.reason, one.places) for one in refused] == [("too-few-cells", (2,))]
    assert account.sums().rows == {"P": 2}


def test_a_row_that_nobody_booked_shows() -> None:
    account = Account()
    sorter = Sorter(old.drawn(), CATALOGUE, account, TODAY)
    assert len(list(sorter.people(PEOPLE, [chunk([person()])]))) == 1
    assert account.sums().open() == ("P",)


def test_a_second_run_shows_what_changed_and_nothing_else() -> None:
    before, after = Run([person()], [result(COD="TSH"), result()]), Run([person()], [result(), result(dossier="2")])
    told = list(fates.changed(before.sums, after.sums))
    assert told == [("R", Bin.IMPORTED, "", 1, 2), ("R", Bin.PARKED, "test-not-mapped", 1, 0)]


def test_a_dossier_never_grows_without_bounds() -> None:
    rows = [result(VAL=str(at)) for at in range(4100)]
    dossiers: list[Dossier] = Run([person()], rows).dossiers
    assert [len(one.lines) for one in dossiers] == [2000, 2000, 100]

"""A map says what it needs to say, or names the place where it does not."""

import pytest

from aliquot.legacy import map as maps
from aliquot.terms import plain
from aliquot.terms.errors import Refused
from tests.legacy import old
from tests.legacy.old import CATALOGUE, SCOPE, TOML


def test_a_whole_map_has_no_faults() -> None:
    maps.check(old.drawn(), SCOPE, CATALOGUE)


@pytest.mark.parametrize(
    ("was", "is_", "place"),
    [
        ('zone = "Europe/Paris"', 'zone = "Europe/Rennes"', "zone: Europe/Rennes"),
        ("[tables.R]", "[tables.Q]", "tables.Q: the mandate does not name it"),
        ('LIB = { means = "result.test_name" }', 'MDP = { means = "ignored" }', "tables.R.MDP: the mandate does not"),
        ('means = "patient.family"', 'means = "ignored"', "tables.P: no column means patient.family"),
        ('means = "result.test_name"', 'means = "result.unit"', "tables.R: two columns mean result.unit"),
        ('forms = ["ddmmyyyy"]', 'forms = ["ddmmyy"]', "tables.R.JOUR: ddmmyy has two digits"),
        (', forms = ["ddmmyyyy"]', "", "tables.R.JOUR: a day needs its form"),
        ('test = "NA"', 'test = "NAT"', "tests.NAT: NAT is not in the catalogue"),
        ('ucum = "umol/L"', 'ucum = "µmol/l"', "tests.URE: µmol/l is not a unit"),
        ("since = 2010-01-01", "since = 2009-12-31", "tests.URE: two rules hold for the same rows"),
        ('unit = "g/l"\n', "", "tests.GLY: two rules hold for the same rows"),
        ('"g/l" = "g/L"', '"g/l" = "gl"', "units.g/l: gl is not a unit"),
    ],
)
def test_a_fault_is_named_by_its_place(was: str, is_: str, place: str) -> None:
    assert TOML.count(was) >= 1
    faulty = old.drawn(TOML.replace(was, is_))
    assert any(fault.startswith(place) for fault in maps.faults(faulty, SCOPE, CATALOGUE))
    with pytest.raises(Refused, match="map: "):
        maps.check(faulty, SCOPE, CATALOGUE)


def test_an_answer_that_the_catalogue_does_not_have_is_a_fault() -> None:
    faulty = old.drawn(TOML + '[answers.NA]\n"positif" = "10828004"\n')
    assert list(maps.faults(faulty, SCOPE, CATALOGUE)) == ["answers.NA.positif: the catalogue has no such answer"]


@pytest.mark.parametrize("toml", [TOML + "\nfuture = 1\n", TOML.replace('mark = ","', ""), "tables = ["])
def test_unknown_keys_and_what_is_no_map_are_refused(toml: str) -> None:
    with pytest.raises(Refused, match="map: "):
        maps.parse(toml)


@pytest.mark.parametrize(
    ("word", "nearest"), [("patient.familly", "patient.family"), ("loinc", "result.loinc"), ("\\u001b[8m", "")]
)
def test_a_word_that_is_no_meaning_is_named_by_its_column_with_the_nearest(word: str, nearest: str) -> None:
    with pytest.raises(Refused) as refused:
        maps.parse(TOML.replace("patient.family", word))
    said = str(refused.value)
    assert said.startswith("map: tables.P.NOM: ")
    assert f"is no meaning; nearest are {nearest}" in said
    assert plain.is_plain(said)


def test_a_map_with_one_word_changed_has_another_digest() -> None:
    assert maps.digest(old.drawn()) == maps.digest(old.drawn("# a remark changes nothing\n" + TOML))
    assert maps.digest(old.drawn()) != maps.digest(old.drawn(TOML.replace('V = "final"', 'V = "unknown"')))

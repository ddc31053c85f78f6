"""What a person and a dossier of the old system become here: all that was said, and nothing more."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from aliquot.lab.content import Laboratory, Original, Reference
from aliquot.lab.pasts import Past
from aliquot.lab.setting import Setting
from aliquot.legacy import drafts, lines
from aliquot.legacy.fates import Account
from aliquot.legacy.sorting import Sorter
from aliquot.terms import states
from aliquot.terms.identity import Identifier, Sex
from aliquot.terms.ids import Id
from aliquot.terms.quantities import Quantity
from tests.legacy import old
from tests.legacy.old import CATALOGUE, PEOPLE, RESULTS, TODAY, chunk, person, result

AT = datetime(2026, 1, 1, tzinfo=UTC)
WHERE = Setting(
    CATALOGUE, Laboratory("Laboratoire d'essai", (), "", "Dr A. Exemple", "", "Europe/Paris", language="fr")
)


def past(*rows: tuple[str | None, ...], toml: str = old.TOML) -> Past:
    drawn = old.drawn(toml)
    sorter = Sorter(drawn, CATALOGUE, Account(), TODAY)
    list(sorter.people(PEOPLE, [chunk([person()])]))
    (dossier,) = sorter.results(RESULTS, [chunk(rows)])
    reader = lines.Reader(drawn, RESULTS, CATALOGUE)
    return drafts.past(dossier, reader, drawn, WHERE, lambda line: Id(line.test.code.encode().ljust(16)))


def test_a_person_keeps_the_number_of_the_old_system_and_gets_no_new_one() -> None:
    sorter = Sorter(old.drawn(), CATALOGUE, Account(), TODAY)
    (found,) = sorter.people(PEOPLE, [chunk([person(COM="sourde")])])
    said = drafts.registration(found.person, old.drawn(), AT)
    assert (said.file_number, said.elsewhere) == ("", (Identifier("urn:old:patients", "17"),))
    assert (said.demography, said.note) == (found.person.demography, "sourde")


def test_a_dossier_becomes_one_closed_requisition_with_its_old_number() -> None:
    made = past(result(), result(COD="GLY", UNI="g/l", VAL="0,95"))
    asked = made.requisition
    assert (asked.number, asked.sex, asked.age) == ("900", Sex.FEMALE, "67 y")
    assert asked.ordered_at == datetime(2019, 7, 1, 6, tzinfo=UTC)
    assert made.site == "main"
    assert [each.test for each in made.results] == ["NA", "GLU"]
    assert [each.id for each in made.results] == [b"NA".ljust(16), b"GLU".ljust(16)]


def test_tests_of_one_kind_of_tube_share_one_and_no_number_is_invented() -> None:
    made = past(result(), result(VAL="141"), result(COD="GLY", UNI="g/l", VAL="0,95"))
    assert sorted(test for tube in made.tubes for test in tube.tests) == ["GLU", "NA"]
    assert {tube.accession for tube in made.tubes} == {""}


def test_a_value_is_not_judged_again_and_its_unit_is_not_converted() -> None:
    made = past(result(COD="GLY", UNI="g/l", VAL="9,95"))
    (only,) = made.results
    assert only.observation.value == Quantity(Decimal("9.95"), "g/L")
    assert (only.observation.flag, only.observation.holds, only.observation.reference) == ("", (), None)


def test_only_a_method_that_was_mapped_takes_part_in_the_delta_check() -> None:
    sodium, glucose = past(result(), result(COD="GLY", UNI="g/l", VAL="0,95")).results
    assert sodium.observation.method == next(test.method for test in CATALOGUE.tests if test.code == "NA")
    assert glucose.observation.method == ""


@pytest.mark.parametrize(("status", "state"), [("V", states.Analysis.RELEASED), ("", states.Analysis.UNKNOWN)])
def test_a_result_is_final_only_if_the_old_system_said_that_it_was_validated(
    status: str, state: states.Analysis
) -> None:
    assert past(result(ST=status)).results[0].state is state


def test_the_old_words_are_kept_word_for_word() -> None:
    origin = past(result(VAL="140,0", COM="contrôlé ", FLAG="+")).origin
    assert origin is not None
    assert (origin.mandate, origin.patient, origin.dossier) == ("00", "17", "900")
    assert origin.words == (
        Original(
            test="NAT",
            test_name="SODIUM",
            value="140,0",
            unit="mmol/l",
            flag="+",
            status="V",
            validated_by="AB",
            comment="contrôlé ",
        ),
    )


@pytest.mark.parametrize(
    ("written", "reference"),
    [
        ("135", Reference("135", "", "")),
        ("1,35", Reference("1.35", "", "")),
        ("<5", Reference("", "", "<5")),
        ("selon l'âge", Reference("", "", "selon l'âge")),
    ],
)
def test_the_range_is_the_one_that_was_applied(written: str, reference: Reference) -> None:
    toml = old.TOML.replace('LIB = { means = "result.test_name" }', 'LIB = { means = "result.low" }')
    assert past(result(LIB=written), toml=toml).results[0].observation.reference == reference


def test_a_test_in_another_unit_keeps_the_loinc_that_the_map_gives_it() -> None:
    toml = old.TOML.replace('unit = "g/l"\ntest = "GLU"', 'unit = "g/l"\ntest = "GLU"\nloinc = "2345-7"\nucum = "mg/L"')
    (only,) = past(result(COD="GLY", UNI="g/l", VAL="0,95"), toml=toml).results
    assert (only.observation.loinc, only.observation.value) == ("2345-7", Quantity(Decimal("0.95"), "mg/L"))

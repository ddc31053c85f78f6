import pytest

from aliquot.terms import identifiers
from aliquot.terms.errors import Refused, Unclear
from tests.lab import vectors


class Nir(vectors.Case):
    body: str
    key: str


class Nric(vectors.Case):
    body: str
    letter: str


class Iso(vectors.Case):
    text: str
    check: str


class Vectors(vectors.Case):
    nir_key: list[Nir]
    nric_letter: list[Nric]
    iso7064_mod_37_36: list[Iso]


VECTORS = vectors.read("identifiers.json", Vectors)


@pytest.mark.parametrize("case", VECTORS.nir_key, ids=lambda case: case.body)
def test_the_key_of_a_national_number_is_the_published_one(case: Nir) -> None:
    assert identifiers.nir_key(case.body) == case.key
    assert identifiers.nir(case.body + case.key) == case.body + case.key


def test_a_national_number_is_read_with_spaces_and_small_letters() -> None:
    assert identifiers.nir("1 85 05 2a 004 001 81") == "185052A00400181"


@pytest.mark.parametrize(
    "text", ["269054958815781", "26905495881578", "169054958815780", "185052C00400181", "", "8" * 40]
)
def test_a_mistyped_national_number_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(Unclear) as refused:
        identifiers.nir(text)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("case", VECTORS.nric_letter, ids=lambda case: case.body)
def test_the_letter_of_a_singapore_number_is_the_published_one(case: Nric) -> None:
    assert identifiers.nric_letter(case.body) == case.letter


def test_the_series_that_nobody_verified_is_refused() -> None:
    with pytest.raises(Unclear):
        identifiers.nric_letter("M1234567")


@pytest.mark.parametrize("case", VECTORS.iso7064_mod_37_36, ids=lambda case: case.text)
def test_the_check_character_is_that_of_iso_7064(case: Iso) -> None:
    assert identifiers.check_character(case.text) == case.check


def test_a_barcode_has_twelve_characters_and_reads_back() -> None:
    assert identifiers.accession(26000001) == "00026000001Q"
    assert identifiers.read_accession("00026000001Q") == "00026000001Q"
    assert len(identifiers.accession(0)) == 12


def test_every_single_slip_and_every_swap_of_neighbours_in_a_barcode_is_caught() -> None:
    good = identifiers.accession(12345678901)
    slips = [good[:at] + digit + good[at + 1 :] for at in range(11) for digit in "0123456789" if digit != good[at]]
    swaps = [good[:at] + good[at + 1] + good[at] + good[at + 2 :] for at in range(10) if good[at] != good[at + 1]]
    for wrong in [*slips, *swaps]:
        with pytest.raises(Unclear):
            identifiers.read_accession(wrong)


@pytest.mark.parametrize("text", ["00026000001q", " 00026000001Q", "0026000001Q", "P00000007N", "00026000001Q\n", ""])
def test_a_barcode_is_read_exactly_or_not_at_all(text: str) -> None:
    with pytest.raises(Unclear):
        identifiers.read_accession(text)


def test_a_file_number_cannot_pass_for_a_barcode_nor_the_other_way() -> None:
    assert identifiers.read_file_number(identifiers.file_number(7)) == "P00000007N"
    with pytest.raises(Unclear):
        identifiers.read_file_number(identifiers.accession(7))


@pytest.mark.parametrize("number", [-1, 10**11])
def test_a_number_that_does_not_fit_a_barcode_is_refused(number: int) -> None:
    with pytest.raises(Refused):
        identifiers.accession(number)

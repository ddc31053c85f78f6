"""What a column may mean, from its name and its cells."""

from collections.abc import Mapping, Sequence

import pytest

from aliquot.legacy import guesses
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.tallies import Days, Tally

NUMBERS = [f"{number}" for number in range(1001, 1101)]
WORDS = ["V", "A"] * 50


def guessed(table: str, cells: Mapping[str, Sequence[str]]) -> dict[str, Meaning]:
    """What is guessed of the columns of a table with these cells."""
    tallies = []
    for said in cells.values():
        tally = Tally(Days(2026))
        tally.add(said)
        tally.fold()
        tallies.append(tally)
    found = guesses.of(table, tuple(cells), tallies)
    return {name: guess.meaning for name, guess in zip(cells, found, strict=True)}


@pytest.mark.parametrize(
    ("table", "key", "number", "meaning"),
    [
        ("T01_PAT", "ID_PAT", "PA_NUMPAT", Meaning.PATIENT_NUMBER),
        ("patients", "patient_id", "mrn", Meaning.PATIENT_NUMBER),
        ("malades", "IDT_MALADE", "IPP", Meaning.PATIENT_NUMBER),
        ("T07_DOS", "ID_DOS", "DO_NUMDOS", Meaning.DOSSIER_NUMBER),
        ("demandes", "demande_id", "no_demande", Meaning.DOSSIER_NUMBER),
    ],
)
def test_a_key_of_the_old_systems_own_yields_to_the_number_that_people_know(
    table: str, key: str, number: str, meaning: Meaning
) -> None:
    for order in ((key, number), (number, key)):
        found = guessed(table, dict.fromkeys(order, NUMBERS))
        assert (found[number], found[key]) == (meaning, Meaning.IGNORED)
    assert guessed(table, {key: NUMBERS}) == {key: meaning}


@pytest.mark.parametrize("table", ["T01_PAT", "persons", "PATIENTS"])
def test_the_status_of_a_person_is_no_status_of_a_result(table: str) -> None:
    columns = {"PA_NUMPAT": NUMBERS, "PA_STATUT": WORDS, "PA_VALIDE": WORDS, "PA_FLAG": ["H", "L"] * 50}
    assert not [meaning for meaning in guessed(table, columns).values() if meaning.startswith("result.")]


@pytest.mark.parametrize("table", ["T09_RES", "PATIENT_RESULTS"])
def test_but_that_of_a_result_is(table: str) -> None:
    assert guessed(table, {"RE_STATUT": WORDS})["RE_STATUT"] is Meaning.RESULT_STATUS

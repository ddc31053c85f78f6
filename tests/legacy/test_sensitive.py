"""Words that hurt, counted and never said."""

import pytest

from aliquot.legacy import sensitive


@pytest.mark.parametrize(
    ("cell", "class_"),
    [
        ("Séropositif depuis 2001", "hiv"),
        ("HIV positive", "hiv"),
        ("femme enceinte de 3 mois", "pregnancy"),
        ("tumeur cérébrale", "cancer"),
        ("mutation BRCA1", "genetic"),
        ("syndrome dépressif", "psychiatric"),
        ("sevrage alcoolique", "addiction"),
        ("hépatite C traitée", "hepatitis"),
    ],
)
def test_french_and_english_words_are_found_with_and_without_accents(cell: str, class_: str) -> None:
    assert sensitive.counts([(cell, 7)])[class_] == 7


@pytest.mark.parametrize(
    "cell", ["préfère le matin", "LUCIEN", "Evian", "artiste", "Mme Vihan", "prélèvement difficile"]
)
def test_other_words_are_not(cell: str) -> None:
    assert not sensitive.counts([(cell, 1)])

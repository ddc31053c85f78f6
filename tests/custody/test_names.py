import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.custody import names


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("MARTIN", ["martin"]),
        ("D'Arçon-Le Goff", ["d", "arcon", "le", "goff"]),
        ("D\N{RIGHT SINGLE QUOTATION MARK}ARCON", ["d", "arcon"]),
        ("D\N{MODIFIER LETTER APOSTROPHE}Arçon", ["d", "arcon"]),
        ("Jean\N{EN DASH}Noël", ["jean", "noel"]),
        ("Noe\N{COMBINING DIAERESIS}l", ["noel"]),
        ("ŒUVRARD", ["oeuvrard"]),
        ("Weiß", ["weiss"]),
        ("Nguyễn Đức", ["nguyen", "duc"]),
        ("Łukasz", ["lukasz"]),
        ("محمّد", ["محمد"]),
        ("St. John 3rd", ["st", "john", "rd"]),
        (" - ' ", []),
    ],
)
def test_a_name_is_folded_to_words(written: str, words: list[str]) -> None:
    assert names.words(written) == words


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_name_is_the_same_however_its_accents_are_encoded(written: str) -> None:
    apart, together = unicodedata.normalize("NFD", written), unicodedata.normalize("NFC", written)
    assert names.words(apart) == names.words(together) == names.words(written)


def test_a_character_folds_alone_as_it_does_inside_a_name() -> None:
    for code in range(0x3000):
        alone, inside = names.words(chr(code)), names.words(f"a{chr(code)}b")
        assert "".join(inside) == f"a{''.join(alone)}b"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dupont", "dupond"),
        ("dupond", "dupons"),
        ("filipe", "philippe"),
        ("arnault", "arnauld"),
        ("mathieu", "matieu"),
        ("legay", "legai"),
        ("lecerf", "leserf"),
        ("sanchez", "sanches"),
    ],
)
def test_names_that_sound_alike(one: str, other: str) -> None:
    assert names.sound(one) == names.sound(other)


@pytest.mark.parametrize(("one", "other"), [("martin", "marchand"), ("durand", "dupont"), ("roche", "roque")])
def test_names_that_do_not_sound_alike(one: str, other: str) -> None:
    assert names.sound(one) != names.sound(other)


def test_a_name_of_silent_letters_keeps_a_sound() -> None:
    assert names.sound("de") == "de"


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("martin", "martin", True),
        ("martin", "martins", True),
        ("martins", "martin", True),
        ("martin", "mertin", True),
        ("martin", "matrin", True),
        ("martin", "amrtin", True),
        ("martin", "martni", True),
        ("martin", "mertim", False),
        ("martin", "mart", False),
        ("martin", "martinez", False),
        ("ab", "cd", False),
    ],
)
def test_one_slip_of_the_hand(one: str, other: str, near: bool) -> None:
    assert names.one_slip_apart(one, other) is near

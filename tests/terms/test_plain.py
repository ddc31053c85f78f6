"""What hides in a text is found, whatever Unicode calls it; what people write in France is left alone."""

import re
import sys
import unicodedata

import pytest

from aliquot.terms import plain


def test_every_character_that_shows_nothing_is_known() -> None:
    hidden = [chr(n) for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) in {"Cc", "Cf", "Zl", "Zp"}]
    assert len(hidden) > 200
    assert [f"{ord(one):x}" for one in hidden if plain.is_plain(f"a{one}b") or re.search(plain.WORDS, one)] == []


@pytest.mark.parametrize(
    "text", ["Laboratoire de l’Œuvre", "Départ : n° 1\u00a0234 «\u202fçà\u202f»", "L'Haÿ-les-Roses"]
)
def test_what_people_write_is_plain_and_shown_as_it_is(text: str) -> None:
    assert plain.is_plain(text)
    assert re.search(plain.WORDS, text)
    assert plain.shown(text) == text


def test_a_terminal_is_shown_what_would_have_hidden() -> None:
    assert plain.shown("é\x1b[8m\u202e\n\x9b") == "é\\x1b[8m\\u202e\\n\\x9b"

import pytest

from aliquot.disclosure import glyphs


@pytest.mark.parametrize("text", ["Lefèvre-Garçon Œuvray", "جمال", "Ωmega Борис", "≤ ≥ − ± → ∞ µ ²", "two\nlines", ""])
def test_what_the_fonts_have_is_printed_as_it_is(text: str) -> None:
    assert glyphs.printable(text) == text


def test_a_character_without_a_glyph_is_written_as_its_code_point() -> None:
    assert glyphs.printable("王 A😀") == "[U+738B] A[U+1F600]"


def test_a_sign_that_turns_or_hides_what_follows_shows() -> None:
    assert glyphs.printable("a\u202eb\u200bc\x07") == "a[U+202E]b[U+200B]c[U+0007]"


def test_a_letter_with_its_accent_apart_is_one_letter() -> None:
    assert glyphs.printable("e\u0301") == "é"


def test_a_word_longer_than_a_column_may_be_broken_and_loses_nothing() -> None:
    word = "x" * 100
    assert glyphs.printable(word).replace("\u200b", "") == word
    assert max(map(len, glyphs.printable(word).split("\u200b"))) == 24

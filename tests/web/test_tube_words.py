"""There is a word for every state, reason and colour."""

import pytest
from django.utils import translation

from aliquot.lab import rejections
from aliquot.terms import states
from aliquot.web import tube_words
from aliquot.web.tube_words import Look


def test_every_state_and_every_reason_has_its_word() -> None:
    assert set(tube_words.STATES) == set(states.Specimen)
    assert tuple(tube_words.REASONS) == rejections.REASONS


def test_a_colour_is_a_class_and_a_word_and_what_has_none_keeps_its_name() -> None:
    with translation.override("fr"):
        assert tube_words.look("yellow, gel") == Look("yellow", "jaune, gel")
        assert tube_words.look("swab") == Look("other", "swab")


@pytest.mark.parametrize(("kept", "said"), [("1 y", "1 an"), ("65 y", "65 ans"), ("12 d", "12 jours"), ("", "")])
def test_an_age_is_said_in_the_words_of_the_page(kept: str, said: str) -> None:
    with translation.override("fr"):
        assert tube_words.age(kept) == said

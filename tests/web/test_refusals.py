from pathlib import Path

import pytest
from django.utils import translation

from aliquot import lab
from aliquot.terms.errors import Refused
from aliquot.web import answers, refusals
from aliquot.web.refusals import REFUSALS

RULES = "\n".join(path.read_text() for path in sorted(Path(str(lab.__file__)).parent.glob("*.py")))


@pytest.mark.parametrize("said", REFUSALS)
def test_every_refusal_that_has_words_is_one_that_the_rules_give(said: str) -> None:
    assert f'"{said}"' in RULES


def test_a_hold_is_told_without_its_code_and_an_unknown_refusal_as_it_was_said() -> None:
    with translation.override("en"):
        held = str(refusals.words(Refused("hold DELTA: not for this role")))
    assert held == "A chosen result is held. Choose the others, or give a reason where there is a field for it."
    assert str(answers.words(Refused("tube.shape: not known here")).then) == "tube.shape: not known here"

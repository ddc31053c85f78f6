"""A record without anybody's own words: masked where there is a result, blank where there is none."""

import msgspec

from aliquot.disclosure import wordless
from aliquot.lab.content import Hold, Observation, OrderItem
from aliquot.terms.quantities import Absent, Text
from tests.lab.desk import SODIUM

HOLD = Hold("MANUAL", "rule-1", overridden_by="aa", override_reason="her neighbour said so")


def test_words_go_and_what_is_no_word_stays() -> None:
    said = msgspec.structs.replace(SODIUM, comment="called", reason="diluted", holds=(HOLD,))
    made = wordless.of(said)
    assert isinstance(made, Observation)
    assert (made.comment, made.reason, made.holds[0].override_reason) == ("", "", "")
    assert (made.value, made.holds[0].overridden_by, made.holds[0].detail) == (SODIUM.value, "aa", "rule-1")


def test_a_result_in_words_is_said_to_be_masked() -> None:
    made = wordless.of(msgspec.structs.replace(SODIUM, value=Text("turbid")))
    assert isinstance(made, Observation)
    assert made.value == Absent("masked")


def test_why_a_test_was_asked_for_is_left_out() -> None:
    made = wordless.of(OrderItem("NA", "", "routine", "pregnancy?"))
    assert made == OrderItem("NA", "", "routine")

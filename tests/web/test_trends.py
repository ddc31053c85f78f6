"""A patient's earlier results as a drawing: only what can be compared is on one line."""

from decimal import Decimal

import msgspec

from aliquot.lab.content import Observation, Reference
from aliquot.terms.quantities import Quantity, Text, Value
from aliquot.web import trends
from tests.lab.desk import SODIUM


def of(value: Value) -> Observation:
    return msgspec.structs.replace(SODIUM, value=value, reference=Reference("136", "145", ""))


def sodium(number: str, ucum: str = "mmol/L") -> Observation:
    return of(Quantity(Decimal(number), ucum))


def test_the_line_rises_with_the_values_and_ends_at_the_result_of_today() -> None:
    drawn = trends.trend([sodium("136"), sodium("145")], sodium("154"))
    assert drawn is not None
    assert drawn.points == "4,26 56,15 108,4"
    assert drawn.last == (108, 4)
    assert drawn.band == (15, 11)


def test_two_units_or_words_are_not_on_one_line() -> None:
    assert trends.trend([sodium("0.14", "mol/L")], sodium("140")) is None
    assert trends.trend([of(Text("clotted"))], sodium("140")) is None
    assert trends.trend([], sodium("140")) is None


def test_the_same_value_again_is_a_level_line() -> None:
    level = msgspec.structs.replace(sodium("140"), reference=None)
    drawn = trends.trend([level], level)
    assert drawn is not None
    assert (drawn.points, drawn.band) == ("4,15 108,15", (0, 0))

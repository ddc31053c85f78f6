from decimal import Decimal

import pytest

from aliquot.disclosure import resources
from aliquot.terms.errors import Broken


def test_a_decimal_is_a_json_number_with_the_digits_that_were_reported() -> None:
    assert resources.encode({"value": Decimal("72.50")}) == b'{"value":72.50}'


def test_what_is_empty_is_left_out_and_zero_and_false_are_not() -> None:
    content: resources.Resource = {"a": "", "b": [], "c": {"d": None}, "e": 0, "f": False, "g": Decimal("0"), "h": [""]}
    assert resources.filled(content) == {"e": 0, "f": False, "g": Decimal("0")}


def test_a_sign_that_fhir_forbids_is_replaced() -> None:
    assert resources.filled("a\x00b\nc") == "a\ufffdb\nc"


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_a_number_that_is_none_is_an_alarm(number: str) -> None:
    with pytest.raises(Broken, match="not finite"):
        resources.filled({"value": Decimal(number)})


def test_a_name_is_a_urn_uuid_that_depends_on_kind_and_ids() -> None:
    names = {resources.url("Patient", "a"), resources.url("Patient", "b"), resources.url("Specimen", "a")}
    assert len(names) == 3
    assert resources.url("Patient", "a") in names
    assert all(name.startswith("urn:uuid:") for name in names)

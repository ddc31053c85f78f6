"""What people write by hand and bring is read, or refused by its place; whoever means harm does not keep us busy."""

import tracemalloc
from decimal import Decimal

import msgspec
import pytest

from aliquot.terms import handwriting
from aliquot.terms.errors import Refused


class Draft(msgspec.Struct, forbid_unknown_fields=True):
    names: tuple[str, ...] = ()
    limit: Decimal = Decimal(0)


def test_it_is_read_with_exact_numbers() -> None:
    found = handwriting.read('names = ["a.b"]\nlimit = 1.10', Draft, "draft")
    assert (found.names, str(found.limit)) == (("a.b",), "1.10")


def test_a_long_line_of_dotted_names_in_quotes_is_nothing_odd() -> None:
    names = ", ".join(f'"Patient.name[{n}].family"' for n in range(200))
    assert len(handwriting.read(f"names = [{names}]", Draft, "draft").names) == 200


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("names = [", "draft: "),
        ("name = 1", "draft: .*unknown field `name`"),
        (".".join(["a"] * 8000) + " = 1", "line 1"),
        ("\n[" + ".".join(["a"] * 8000) + "]", "line 2"),
        ("names = {" + ".".join(["a"] * 8000) + " = 1}", "line 1"),
        ("names = " + "[" * 20_000, "line 1"),
        ("names = " + "[\n" * 20_000, "too deep"),
        ("#" * (handwriting.LONGEST + 1), "longer"),
    ],
)
def test_it_is_refused_by_its_place(toml: str, words: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match=words):
            handwriting.read(toml, Draft, "draft")
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    finally:
        tracemalloc.stop()

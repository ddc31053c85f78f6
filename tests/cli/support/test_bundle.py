"""Nothing but words of lists, rounded numbers, versions, hashes and days can stand in a support bundle."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec import inspect

from aliquot.cli import doctor
from aliquot.cli.support import bundle
from aliquot.cli.support.bundle import Bundle, Failure, Seen
from aliquot.terms.errors import Broken
from aliquot.terms.events import Event

CLI = Path(doctor.__file__).parent
MANUAL = Path(__file__).parents[3] / "docs" / "manual" / "support.md"


def leaves(kind: inspect.Type) -> Iterator[inspect.Type]:
    """Every type that a bundle is made of, down to its words and numbers."""
    match kind:
        case inspect.StructType(fields=fields):
            yield from itertools.chain.from_iterable(leaves(field.type) for field in fields)
        case inspect.UnionType(types=types) | inspect.TupleType(item_types=types):
            yield from itertools.chain.from_iterable(map(leaves, types))
        case inspect.VarTupleType(item_type=item):
            yield from leaves(item)
        case inspect.DictType(key_type=key, value_type=value):
            yield from (*leaves(key), *leaves(value))
        case _:
            yield kind


def test_no_field_of_a_bundle_is_a_free_text_or_a_number_without_an_end() -> None:
    found = list(leaves(inspect.type_info(Bundle)))
    assert len(found) > 40
    for one in found:
        match one:
            case inspect.StrType(pattern=pattern):
                assert pattern is not None
                assert ".*" not in pattern
                assert pattern.endswith(r"\Z")
            case inspect.IntType(le=least):
                assert least is not None
            case _:
                assert isinstance(one, inspect.LiteralType | inspect.NoneType | inspect.BoolType | inspect.DateType), (
                    one
                )


def test_the_lists_are_those_of_the_events_and_of_the_doctor() -> None:
    tags = {str(kind.__struct_config__.tag) for kind in Event.__subclasses__()}
    assert tags == set(bundle.Tag.__args__)  # type: ignore[attr-defined]  # a Literal has them
    said = "".join((CLI / f"{name}.py").read_text() for name in MODULES)
    named = set(re.findall(r'Check\(\s*"([^"]+)"', said)) | set(re.findall(r'^_NAME = "([^"]+)"', said, re.MULTILINE))
    assert named | {"history"} == bundle.CHECKS


MODULES = ("ailments", "walls", "rotation", "losses", "hearing", "leftovers", "doctor")


@pytest.mark.parametrize(
    ("n", "shown"), [(0, 0), (9, 0), (10, 10), (99, 99), (101, 100), (1_234_567, 1_200_000), (10**15, 10**15)]
)
def test_numbers_are_rounded_so_that_they_point_at_nobody(n: int, shown: int) -> None:
    assert bundle.rounded(n) == shown


def test_what_is_not_on_the_list_is_not_written(made: Bundle) -> None:
    assert msgspec.json.decode(bundle.encode(made), type=Bundle) == made
    for changed in (
        {"failures": {"counts": Failure("ZeroDivisionError: Dupont", "elsewhere")}},
        {"failures": {"counts": Failure("Broken", "/home/dupont/x.py:3")}},
        {"failures": {"Dupont": Failure("Broken", "elsewhere")}},
        {"events": ((Seen(made.made_on, "Dupont"), 1),)},  # type: ignore[arg-type]  # that is what is refused
        {"counts": {"dupont": 100}},
    ):
        with pytest.raises(Broken, match="nothing was written"):
            bundle.encode(msgspec.structs.replace(made, **changed))


def test_the_manual_names_every_field() -> None:
    said = MANUAL.read_text()
    rows = set(re.findall(r"^\| `([a-z_0-9.]+)` \|", said, re.MULTILINE))
    assert rows == set(_fields(inspect.type_info(Bundle), ""))


def _fields(kind: inspect.Type, at: str) -> Iterator[str]:
    match kind:
        case inspect.StructType(fields=fields):
            for field in fields:
                inner = list(_fields(field.type, f"{at}{field.name}."))
                yield from inner or [f"{at}{field.name}"]
        case inspect.UnionType(types=types) | inspect.TupleType(item_types=types):
            yield from itertools.chain.from_iterable(_fields(one, at) for one in types)
        case inspect.VarTupleType(item_type=item):
            yield from _fields(item, at)
        case inspect.DictType(value_type=value):
            yield from _fields(value, at)
        case _:
            return

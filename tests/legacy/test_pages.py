"""The pages about sources and profiles say what the code has."""

import re
from pathlib import Path

import msgspec
import pytest

from aliquot.legacy import description, profile
from aliquot.legacy.description import Form
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.oldtests import OldTest
from aliquot.legacy.reading import Counts

PAGES = Path(__file__).parents[2] / "docs" / "formats"
SOURCE = (PAGES / "source.md").read_text()
MAP = (PAGES / "map.md").read_text()
PROFILE = (PAGES / "profile.md").read_text()
FENCED = re.compile(r"^```\n(.*?)^```", re.DOTALL | re.MULTILINE)
KINDS = Form.__args__


@pytest.mark.parametrize("toml", [block for block in FENCED.findall(SOURCE) if block.startswith("kind")])
def test_every_description_on_the_page_is_one(toml: str) -> None:
    assert isinstance(description.parse(toml), Form)


def test_every_key_is_on_the_page() -> None:
    structs = [*KINDS, description.TextTable, description.FixedTable, description.Span]
    keys = {field.encode_name for struct in structs for field in msgspec.structs.fields(struct)}
    assert {key for key in keys if f"`{key}`" not in SOURCE} == set()
    kinds = {struct.__struct_config__.tag for struct in KINDS}
    assert {kind for kind in kinds if f"`{kind}`" not in SOURCE} == set()


def test_every_part_of_a_profile_is_on_the_page() -> None:
    parts = [*profile.Profile.__struct_fields__, *profile.Table.__struct_fields__, *Counts.__struct_fields__]
    parts += [name for name in OldTest.__struct_fields__ if name != "units"]
    assert {part for part in parts if f"`{part}`" not in PROFILE and f'"{part}"' not in PROFILE} == set()


def test_every_meaning_is_on_the_page_once_and_in_order() -> None:
    table = MAP.partition("| `means` | what |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z_.]+)` \| \S", table, re.MULTILINE) == [str(meaning) for meaning in Meaning]

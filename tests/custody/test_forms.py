"""What people sign they can read: no word of a form holds what its reader is not shown."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec import inspect

from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.terms import canonical
from aliquot.vault.bundlekey import StagingKey
from tests.custody import departing, moving

HIDDEN = ("\x1b[8m", "\x07", "\x9b8m", "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff")
TOLD_BY_CUSTODY = {
    "SignExport.receiver",
    "Credential.name",
    *(f"LostAct.{name}" for name in ("id", "act", "who", "patient", "portion")),
}
"""A signed document of its own, and what custody compares with its own list before it is signed."""


def texts(of: inspect.Type, where: str) -> Iterator[tuple[str, inspect.StrType]]:
    """Every text that a form can hold, with the struct and the field where it stands."""
    match of:
        case inspect.StrType():
            yield where, of
        case inspect.StructType():
            for field in of.fields:
                yield from texts(field.type, f"{of.cls.__name__}.{field.name}")
        case inspect.UnionType():
            for one in of.types:
                yield from texts(one, where)
        case inspect.VarTupleType():
            yield from texts(of.item_type, where)


def test_every_text_of_every_form_is_plain_or_told_by_custody() -> None:
    found = list(texts(inspect.type_info(forms.Form), ""))
    patterns = [(where, text.pattern or "") for where, text in found]
    said = [f"a{one}b" for one in HIDDEN] + list(HIDDEN)
    open_ = {where for where, pattern in patterns if any(re.search(pattern, one) for one in said)}
    assert len(found) > 40
    assert open_ == TOLD_BY_CUSTODY


@pytest.mark.parametrize("hidden", HIDDEN)
def test_nobody_proposes_what_hides_from_the_second_person(small_lab: World, hidden: str) -> None:
    moved = moving.mandate_form(small_lab)
    leaving = departing.export_form(small_lab, departing.Receiving(StagingKey.generate(), "{}"))
    table = moved.scope.tables[0]
    columns = (*table.columns, f"NOM{hidden}X")
    scope = msgspec.structs.replace(moved.scope, tables=(msgspec.structs.replace(table, columns=columns),))
    for form in (
        msgspec.structs.replace(leaving, recipient=f"Laboratoire{hidden}du Sud"),
        msgspec.structs.replace(leaving, sites=("nord", f"sud{hidden}x")),
        msgspec.structs.replace(moved, purpose=f"re{hidden}prise"),
        msgspec.structs.replace(moved, source=f"Mega{hidden}Bus"),
        msgspec.structs.replace(moved, scope=scope),
    ):
        assert moving.refusal(small_lab, "director@nord", form) == "form"


def test_the_words_of_a_french_laboratory_are_taken() -> None:
    form = forms.EnrolPerson("l.œuvre", "Loïc d’Haÿ\u00a0– n°\u202f2", datetime(2027, 1, 1, tzinfo=UTC))
    assert forms.read("EnrolPerson", canonical.encode(form)) == form

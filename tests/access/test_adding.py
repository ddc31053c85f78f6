"""Rows are added alike on both engines, all of them or none."""

import pytest
from django.db import IntegrityError, connection, transaction

from aliquot.access import adding
from aliquot.record.models import Act, Token, Version
from aliquot.terms import ids
from tests.world import World

NUMBERED = {("version", "id"), ("token", "id")}


def acts(lab: World, *outcomes: str) -> list[adding.Row]:
    """Acts as they are added."""
    org = lab.sign_in("secretary@nord").org
    return [(ids.new(org, lab.clock()), outcome, number, bytes(32)) for number, outcome in enumerate(outcomes)]


def test_what_was_added_is_there_as_it_was_given(lab: World) -> None:
    rows = acts(lab, "kept", "lost", "kept")
    with transaction.atomic(), connection.cursor() as cursor:
        adding.add(cursor, adding.ACT, rows)
    columns = "id", "outcome", "log_size", "log_root"
    assert list(Act.objects.filter(id__in=[row[0] for row in rows]).order_by("log_size").values_list(*columns)) == rows


@pytest.mark.parametrize("outcome", ["kept", "nonsense"])
def test_a_row_that_is_there_or_that_may_not_be_lets_none_be_added(lab: World, outcome: str) -> None:
    rows = acts(lab, "kept", outcome)
    again = [rows[0], rows[1] if outcome == "nonsense" else rows[0]]
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        adding.add(cursor, adding.ACT, again)
    assert not Act.objects.filter(id=rows[0][0]).exists()


def test_a_new_row_gives_every_column_that_the_database_does_not_give_itself() -> None:
    for table, model in ((adding.ACT, Act), (adding.VERSION, Version), (adding.TOKEN, Token)):
        columns = [field.column for field in model._meta.local_concrete_fields]
        assert list(table.columns) == [column for column in columns if (table.name, column) not in NUMBERED]

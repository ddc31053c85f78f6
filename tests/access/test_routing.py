"""Changes of routing columns, made together for all acts of one transaction."""

from collections.abc import Sequence
from typing import cast

from django.db import connection
from django.db.backends.utils import CursorWrapper

from aliquot.access import routing
from aliquot.access.routing import Routing, Statement
from aliquot.record.models import Subject
from tests.world import World

_NOWHERE = cast(CursorWrapper, None)  # cast: what is made here asks no database


def test_what_acts_want_changed_in_one_way_is_changed_at_once_and_in_their_order() -> None:
    made: list[tuple[str, Sequence[int]]] = []

    def first(_: CursorWrapper, numbers: Sequence[int]) -> None:
        made.append(("first", numbers))

    def second(_: CursorWrapper, numbers: Sequence[int]) -> None:
        made.append(("second", numbers))

    routing.make(_NOWHERE, [Routing(first, 1), Routing(second, 2), Routing(first, 3)])
    assert made == [("first", [1, 3]), ("second", [2])]


def test_equal_statements_are_one_way(lab: World) -> None:
    org = lab.sign_in("secretary@nord").org
    ids = [org + bytes([number] * 12) for number in (1, 2, 3)]
    seen: list[str] = []

    def watch(execute, sql, params, many, context):  # type: ignore[no-untyped-def]  # Django's own wrapper
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.cursor() as cursor, connection.execute_wrapper(watch):
        insert = "INSERT INTO subject (id) VALUES (%s)"
        routing.make(cursor, [Routing(Statement(insert), (each,)) for each in ids])
    assert len(seen) == 1
    assert Subject.objects.filter(id__in=ids).count() == len(ids)

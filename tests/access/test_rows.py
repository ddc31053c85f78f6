"""Rows as they are stored: all of a subject, in a fixed number of queries, and nothing of anybody else."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aliquot.access import rows
from aliquot.cli.scratch import World
from aliquot.custody.frames import Row
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from tests.access.test_door import register


@pytest.mark.parametrize("n", [1, 3])
def test_rows_of_subjects_come_in_one_query_and_are_theirs_alone(lab: World, n: int) -> None:
    secretary = lab.sign_in("secretary@nord")
    patients = [register(lab, secretary, number=f"P{number}") for number in range(n + 1)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = rows.of_subjects(patients[:n], (Kind.DEMOGRAPHY,))
    assert len(queries) == 1
    assert [one.subject for one in found] == patients[:n]
    assert {one.row.kind for one in found} == {Kind.DEMOGRAPHY}
    assert rows.count(patients[0]) == 2


def test_of_each_resource_the_highest_version_is_the_latest() -> None:
    def stored(identifier: bytes, version: int) -> rows.Stored:
        return rows.Stored(Id(b"p"), Row(1, identifier, version, 1, "known", (), b""))

    found = rows.latest([stored(b"a", 1), stored(b"b", 2), stored(b"a", 3), stored(b"a", 2), stored(b"b", 1)])
    assert [(one.row.id, one.row.version) for one in found] == [(b"a", 3), (b"b", 2)]


def test_a_token_names_only_what_it_stands_for_in_its_own_laboratory(lab: World) -> None:
    secretary = lab.sign_in("secretary@nord")
    patient = register(lab, secretary)
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM token")
        ((token,),) = cursor.fetchall()
    assert rows.resolve(secretary.org, "file", [token, 1, 2]) == {token: patient}
    assert rows.resolve(secretary.org, "nir", [token]) == {}
    assert rows.resolve(b"\0\0\0\2", "file", [token]) == {}


@pytest.mark.parametrize("parents", [b"", b"a" * 16, b"a" * 16 + b"b" * 16, b"a" * 16 + b"torn"])
def test_parents_are_split_without_losing_a_byte(parents: bytes) -> None:
    assert b"".join(rows.split(parents)) == parents

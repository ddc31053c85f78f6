"""The columns that many nouns share, and the constraints that keep an organization's rows together."""

from typing import Any

from django.db import models
from django.db.models.functions import Length, Substr
from django.db.models.lookups import Exact

ID_BYTES = 16
ORG_BYTES = 4


class Bytes(models.BinaryField):  # type: ignore[type-arg]  # generic in the stubs only
    """Bytes that are bytes on both engines; PostgreSQL's driver gives views."""

    def from_db_value(self, value: Any, *_: object) -> bytes | None:  # Any: the driver's own type
        """The value as bytes."""
        return None if value is None else bytes(value)


def identifier(**options: Any) -> Bytes:  # Any: Django's own keyword options
    """A column for an id of `terms.ids`; it tells its organization and its week, and nothing else."""
    return Bytes(max_length=ID_BYTES, **options)


def sixteen(table: str, column: str) -> models.CheckConstraint:
    """A constraint: this column holds an id."""
    return models.CheckConstraint(condition=Exact(Length(column), ID_BYTES), name=f"{table}_{column}_is_an_id")


def same_organization(table: str, column: str, other: str) -> models.CheckConstraint:
    """A constraint: two ids of one row belong to one organization."""
    ours, theirs = (Substr(name, 1, ORG_BYTES, output_field=Bytes()) for name in (column, other))
    return models.CheckConstraint(condition=Exact(ours, theirs), name=f"{table}_{column}_in_its_organization")

"""The records move into another database: every row as it is, sealed, in one transaction."""

import contextlib
from pathlib import Path
from typing import Final

from aliquot.terms.errors import Refused
from aliquot.terms.installation import Record

_SOURCE: Final = "source"
_AT_ONCE: Final = 2000


def copy(source: Path) -> int:
    """Copy all rows of a SQLite record database into the empty one that Django knows; gives their number.

    Nothing is opened: rows are sealed, and custody is not asked. Nobody may write to either database meanwhile.

    Raises:
        Refused: there is no such file, or the other database has rows already.
    """
    # Django is imported once it knows its settings.
    from django.apps import apps
    from django.core.management.color import no_style
    from django.db import connections, transaction

    from aliquot.record import settings

    if not source.exists():
        raise Refused(f"there is no record database at {source}")
    described = settings.database(Record("sqlite", str(source.absolute())))
    connections.settings[_SOURCE] = connections.configure_settings({"default": described})["default"]
    models = list(apps.get_app_config("record").get_models())
    target, count = connections["default"], 0
    with contextlib.closing(connections[_SOURCE]), transaction.atomic():
        if any(model._default_manager.exists() for model in models):
            raise Refused("the record database that aliquot.toml names has rows already")
        for model in models:
            rows = model._default_manager.using(_SOURCE).iterator(chunk_size=_AT_ONCE)
            count += len(model._default_manager.bulk_create(rows, batch_size=_AT_ONCE))
        with target.cursor() as cursor:
            for statement in target.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)
    return count

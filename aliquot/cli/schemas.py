"""Is each database of the shape that this program knows? An older or newer one is refused at the door, in words."""

import sqlite3
from pathlib import Path
from typing import Literal

from aliquot.cli.exits import Away, Unfit
from aliquot.custody import schema
from aliquot.terms.installation import Installation

Age = Literal["current", "older", "newer"]


def custody(installation: Installation) -> None:
    """Establish that custody's database is not newer than this program; an older one is brought forward when opened.

    Raises:
        Unfit: it is newer, or the installation was never founded.
    """
    file = installation.custody.database
    if not file.exists() or not installation.custody.keyring.exists():
        raise Unfit("this installation has no keys yet; `aliquot init` makes them")
    if version(file) > len(schema.MIGRATIONS):
        raise Unfit("custody's database was written by a newer Aliquot; install that version, or a later one")


def record() -> None:
    """Establish that the record database has exactly this program's shape. Django knows the installation.

    Raises:
        Unfit: it is older or newer; the message says what to do.
        Away: it does not answer.
    """
    match age_of_record():
        case "older":
            raise Unfit("the record database is of an older Aliquot; `aliquot init DIR --upgrade` brings it forward")
        case "newer":
            raise Unfit("the record database is of a newer Aliquot; install that version, or a later one")
        case "current":
            return


def age_of_record() -> Age:
    """How the record database's shape compares with this program's.

    Raises:
        Away: it does not answer.
    """
    # Django is imported once it knows its settings.
    from django.db import Error, connection
    from django.db.migrations.loader import MigrationLoader

    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        raise Away("the record database is not where [record] in aliquot.toml says")
    try:
        loader = MigrationLoader(connection)
    except Error:
        raise Away("the record database does not answer as [record] in aliquot.toml describes it") from None
    ours = {key for key in loader.disk_migrations or {} if key[0] == "record"}
    theirs = {key for key in loader.applied_migrations or {} if key[0] == "record"}
    if theirs - ours:
        return "newer"
    return "older" if ours - theirs else "current"


def version(file: Path) -> int:
    """The number of the shape of custody's database.

    Raises:
        Unfit: this user cannot read it.
    """
    try:
        db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            db.execute("PRAGMA temp_store=MEMORY")
            (version,) = db.execute("PRAGMA user_version").fetchone()
        finally:
            db.close()
    except sqlite3.Error:
        raise Unfit(f"{file} cannot be read; is it custody's database, and does this user own it?") from None
    return int(version)

"""Django's settings for the record database, derived from the installation file in the folder ALIQUOT_HOME."""

import os
from pathlib import Path
from typing import Any

from aliquot.terms import installation
from aliquot.terms.installation import Record

HOME = os.environ.get("ALIQUOT_HOME", "")
# Ids are random, so every act touches pages all over the file: 64 MiB of them stay in memory. What SQLite sorts or
# takes back stays there too, and in no temporary file of the system.
_SQLITE = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"
    " PRAGMA wal_autocheckpoint=8000; PRAGMA temp_store=MEMORY"
)


def database(record: Record) -> dict[str, Any]:  # Any: Django's own shape
    """The connection that the installation file describes."""
    if record.engine == "sqlite":
        options = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": _SQLITE}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(HOME, record.name)), "OPTIONS": options}
    password = record.password_file.read_text().strip() if record.password_file else ""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": record.name,
        "HOST": record.host,
        "PORT": record.port or "",
        "USER": record.user,
        "PASSWORD": password,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5},
    }


INSTALLATION = installation.read(Path(HOME) / installation.FILE_NAME) if HOME else None
DATABASES = {"default": database(INSTALLATION.record)} if INSTALLATION else {}
INSTALLED_APPS = ["aliquot.record"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

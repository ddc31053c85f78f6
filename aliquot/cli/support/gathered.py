"""Gathering what a bundle may say, section by section; one that fails is told by its type, and the others stay."""

import os
import platform
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from typing import Final, TypeVar, cast, get_args

from aliquot.cli import doctor, founding, home, schemas
from aliquot.cli.exits import Away, Unfit
from aliquot.cli.support import faults, logged
from aliquot.cli.support.bundle import (
    CHECKS,
    Bundle,
    Check,
    Failure,
    Finding,
    Machine,
    Part,
    Policy,
    Program,
    Schemas,
    Section,
    Settings,
    Size,
    Table,
    rounded,
)
from aliquot.custody import policy, schema
from aliquot.custody.client import Client
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.terms import clock
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.installation import Installation

T = TypeVar("T")
_GIB: Final = 2**30
_MIB: Final = 2**20
_NUMBERS: Final = re.compile(r"[0-9]{1,5}(\.[0-9]{1,6}){0,3}", re.ASCII)


def gather(where: Path, lines: Iterable[bytes]) -> Bundle:
    """What may be said of the installation in a folder, and of the lines of its log."""
    described = home.read(where)
    founding.configure(where.absolute())
    trial = _Trial()
    events, unread = logged.read(lines)
    return Bundle(
        format="aqs1",
        made_on=clock.system().date(),
        program=_program(),
        machine=_machine(),
        policy=trial.of("policy", lambda: _policy(described)),
        schemas=trial.of("schemas", lambda: _schemas(described)),
        settings=trial.of("settings", lambda: _settings(described)),
        findings=trial.of("findings", lambda: _findings(where)) or (),
        counts=trial.of("counts", _counts) or {},
        sizes_mib=trial.of("sizes", lambda: _sizes(described)) or {},
        events=events,
        unread=unread,
        failures=trial.failures,
    )


def numbers(version: str) -> str:
    """The numbers with which a version begins: what follows them is whatever somebody called a build."""
    found = _NUMBERS.match(version)
    return found[0] if found else "0"


class _Trial:
    """Tries sections one after the other, and keeps what failed."""

    def __init__(self) -> None:
        self.failures: dict[Section, Failure] = {}

    def of(self, section: Section, gathered: Callable[[], T]) -> T | None:
        """A section, or nothing where it could not be gathered."""
        from django.db import Error  # only after Django knows its settings

        try:
            return gathered()
        except (Refused, Broken, Away, Unfit, OSError, ValueError, Error, sqlite3.Error) as error:
            self.failures[section] = faults.of(error)
            return None


def _program() -> Program:
    parts: dict[Part, str] = {part: numbers(metadata.version(part)) for part in get_args(Part)}
    own, python = numbers(metadata.version("aliquot")), numbers(platform.python_version())
    return Program(own, python, numbers(sqlite3.sqlite_version), parts)


def _machine() -> Machine:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    processor = platform.machine()
    return Machine(
        system="Linux" if platform.system() == "Linux" else "another",
        kernel=numbers(platform.release()),
        processor=processor if processor in ("x86_64", "aarch64") else "another",  # type: ignore[arg-type]  # one of both
        processors=os.cpu_count() or 0,
        memory_gib=memory // _GIB,
    )


def _policy(described: Installation) -> Policy:
    shipped = policy.Policies.load(policy.SHIPPED).hash
    try:
        client = Client(described.custody.socket, "cli")
    except (CustodyGone, Denial):
        return Policy(shipped, "away")
    in_force = client.welcome.policy
    client.close()
    return Policy(shipped, "the same" if in_force == shipped else "another")


def _schemas(described: Installation) -> Schemas:
    try:
        record: schemas.Age | str = schemas.age_of_record()
    except Away:
        record = "away"
    return Schemas(len(schema.MIGRATIONS), _custody_schema(described), record)  # type: ignore[arg-type]  # one of the four


def _custody_schema(described: Installation) -> int | None:
    try:
        return schemas.version(described.custody.database)
    except Unfit:  # it is the custodian's own, and this user may not read it
        return None


def _settings(described: Installation) -> Settings:
    custody = described.custody
    laboratories = described.laboratories
    return Settings(
        engine=described.record.engine,
        laboratories=len(laboratories),
        sites=sum(len(each.sites) for each in laboratories),
        peers=len(described.listen.peers),
        languages=tuple(sorted({each.language for each in laboratories})),
        users_apart=bool(custody.web_uids and custody.work_uids and custody.cli_uids),
        accessions=tuple(sorted({peer.accession for peer in described.listen.peers})),
        quality_control=tuple(sorted({each.quality_control for each in laboratories})),
    )


def _findings(where: Path) -> tuple[Finding, ...]:
    found = Counter((_check(check.name), check.state) for check in doctor.checked(where))
    return tuple(sorted(Finding(name, state, times) for (name, state), times in found.items()))


def _check(name: str) -> Check:
    """The name of a check without whose log it was."""
    return cast(Check, name if name in CHECKS else "history")  # a test holds the names of the doctor's checks


def _counts() -> dict[Table, int]:
    from django.apps import apps
    from django.db import connection

    tables = {model._meta.db_table for model in apps.get_app_config("record").get_models()}
    counted: dict[Table, int] = {}
    with connection.cursor() as cursor:
        for table in get_args(Table):
            if table in tables:
                cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608  # of the list
                counted[table] = rounded(cursor.fetchone()[0])
    return counted


def _sizes(described: Installation) -> dict[Size, int]:
    custody = described.custody
    places: dict[Size, Path] = {
        "custody database": custody.database,
        "epoch file": custody.epochs[0],
        "key journal": custody.key_journal,
        "letterbox": described.listen.letterbox,
        "tiles": custody.tiles,
    }
    if described.record.engine == "sqlite":
        places["record database"] = Path(described.record.name)
    return {name: rounded(_bytes(place) // _MIB) for name, place in places.items() if place.exists()}


def _bytes(place: Path) -> int:
    files = [place, *place.rglob("*")] if place.is_dir() else [place]
    return sum(file.stat().st_size for file in files if file.is_file())

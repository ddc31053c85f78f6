"""What can be wrong with an installation: each check looks at one thing, and names a remedy for what it finds."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from aliquot.cli import schemas
from aliquot.cli.exits import Away
from aliquot.custody import policy
from aliquot.custody.client import Client
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.intake.letterbox import Tray
from aliquot.ledger import checkpoint, entry, tiles, tree
from aliquot.ledger import policy as trust
from aliquot.terms import clock
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation

_OTHERS = 0o007
_NOT_OURS = 0o077
_LONG_WAIT = timedelta(hours=1)
_LITTLE_DISK = 2 * 1024**3
_NO_DISK = 200 * 1024**2
_SKEW = timedelta(seconds=5)

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, what was found, and what to do about it."""

    name: str
    state: State
    words: str
    remedy: str = ""


def keys(described: Installation) -> Iterator[Check]:
    """Every file that holds a secret is there, and nobody reads it who need not."""
    found = list(_key_faults(described))
    yield from found or [Check("keys", "ok", "every key is there, and nobody reads it who need not")]


def _key_faults(described: Installation) -> Iterator[Check]:
    named = {
        "keyring": described.custody.keyring,
        "worker's key": described.work.key,
        "listener's key": described.listen.key,
        "pages' signing key": described.web.signing_key,
    }
    for name, file in named.items():
        mode = _mode(file)
        if mode is None:
            yield Check("keys", "fault", f"the {name} is not at {file}", "restore it from the backup of this folder")
        elif mode & _NOT_OURS:
            yield Check("keys", "fault", f"other users may read or change the {name}", f"chmod 600 {file}")
    password = described.record.password_file
    if password is not None and (_mode(password) is None or (_mode(password) or 0) & _OTHERS):
        # Two users need it, so their group may read it.
        words = "the password of the record database is missing, or other users may read it"
        yield Check("keys", "fault", words, f"chmod 640 {password}, and chgrp aliquot-record")


def folders(described: Installation) -> Iterator[Check]:
    """Custody's folders are its own; what processes share is closed to everybody else."""
    own = {described.custody.database.parent, described.custody.keyring.parent, described.custody.key_journal.parent}
    shared = {described.custody.socket.parent, described.listen.letterbox.parent}
    closed = [*((folder, _NOT_OURS) for folder in sorted(own)), *((folder, _OTHERS) for folder in sorted(shared))]
    found = [folder for folder, forbidden in closed if (_mode(folder) or 0) & forbidden]
    for folder in found:
        yield Check("folders", "fault", f"{folder} is open to other users", _closing(folder, shared))
    if not found:
        yield Check("folders", "ok", "the folders are closed to other users")


def _closing(folder: Path, shared: set[Path]) -> str:
    """What closes a folder; one that two processes share stays open to their group."""
    return f"chmod {'o' if folder in shared else 'go'}-rwx {folder}"


def key_journal(described: Installation) -> Iterator[Check]:
    """Losing custody's database must not lose the keys of new patients: their journal belongs on another disk."""
    journal, database = described.custody.key_journal.parent, described.custody.database.parent
    if not (journal.exists() and database.exists()):
        yield Check("key journal", "fault", "the folder of the key journal or of custody's database is missing")
    elif journal.stat().st_dev == database.stat().st_dev:
        yield Check(
            "key journal",
            "warning",
            "the key journal is on the same disk as custody's database: one broken disk would lose both",
            f"mount another disk at {journal}, or let [custody] key_journal name a folder on one",
        )
    else:
        yield Check("key journal", "ok", "the key journal is on another disk than custody's database")


def custodian(described: Installation) -> Iterator[Check]:
    """The custodian answers, is unlocked, and decides by the policies that this program ships."""
    try:
        client = Client(described.custody.socket, "cli")
    except CustodyGone:
        words = "the custodian does not answer: nothing can be opened or written; messages are still stored"
        yield Check(
            "custodian",
            "fault",
            words,
            "start it: `systemctl start aliquot-custody`, or in a terminal `aliquot custody`",
        )
        return
    except Denial as denial:
        yield Check(
            "custodian",
            "fault",
            denial.reason,
            "restart every process after an upgrade: `systemctl restart aliquot.target`",
        )
        return
    in_force = client.welcome.policy
    client.close()
    if in_force != policy.Policies.load(policy.SHIPPED).hash:
        words = f"the custodian decides by other policies ({in_force[:12]}) than this program ships"
        yield Check(
            "custodian", "warning", words, "restart the custodian after an upgrade: `systemctl restart aliquot-custody`"
        )
        return
    yield Check("custodian", "ok", f"the custodian is unlocked and decides by policies {in_force[:12]}")


def record(described: Installation) -> Iterator[Check]:
    """The record database answers and has this version's shape. Django knows the installation."""
    try:
        age = schemas.age_of_record()
    except Away as away:
        yield Check("record database", "fault", str(away), "start the database; see [record] in aliquot.toml")
        return
    match age:
        case "current":
            yield Check("record database", "ok", f"the record database ({described.record.engine}) answers")
        case "older":
            remedy = "stop everything, make a backup, then `aliquot init DIR --upgrade`"
            yield Check("record database", "fault", "the record database is of an older Aliquot", remedy)
        case "newer":
            remedy = "install that version of Aliquot, or a later one"
            yield Check("record database", "fault", "the record database is of a newer Aliquot", remedy)


def letterbox(described: Installation) -> Iterator[Check]:
    """Letters are filed and do not pile up."""
    if not described.listen.letterbox.exists():
        yield Check(
            "letterbox",
            "warning",
            "no listener has run yet",
            "start it: `systemctl start aliquot-listen`, or `aliquot listen`",
        )
        return
    try:
        tray = Tray(described.listen.letterbox)
        count, oldest = tray.pending_count(), tray.oldest()
        tray.close()
    except (Refused, Broken) as unreadable:
        yield Check("letterbox", "fault", str(unreadable), "see that this user may read it, and that the disk is sound")
        return
    if oldest is not None and clock.system() - oldest > _LONG_WAIT:
        words = f"{count} letter(s) wait, the oldest since {oldest:%Y-%m-%d %H:%M} UTC"
        yield Check(
            "letterbox",
            "fault",
            words,
            "start the worker: `systemctl start aliquot-work`, or `aliquot work`; it says what stops it",
        )
        return
    yield Check("letterbox", "ok", f"{count} letter(s) wait")


def disk(described: Installation) -> Iterator[Check]:
    """There is room: history that cannot be written stops everything."""
    places = {
        place.parent.stat().st_dev: place.parent
        for place in (described.custody.database, described.custody.key_journal, described.listen.letterbox)
        if place.parent.exists()
    }
    for place in places.values():
        yield room(place, shutil.disk_usage(place).free)


def room(place: Path, free_bytes: int) -> Check:
    """What so much free room means."""
    words = f"{free_bytes // 1024**2} MiB are free at {place}"
    if free_bytes < _NO_DISK:
        return Check("disk", "fault", words, "make room: without it no history is written and nothing is opened")
    if free_bytes < _LITTLE_DISK:
        return Check("disk", "warning", words, "make room soon")
    return Check("disk", "ok", words)


def history(described: Installation) -> Iterator[Check]:
    """Each exported log's head holds, its last entry is not in the future, and nothing that was kept is beyond it."""
    logs = sorted(place for place in described.custody.tiles.glob("*") if place.is_dir())
    if not logs:
        yield Check("history", "warning", "no history was exported yet", "the custodian does that when it serves")
    for log in logs:
        yield from _log(log)


def _log(log: Path) -> Iterator[Check]:
    name = f"history of {log.name}"
    try:
        signed = checkpoint.parse(tiles.text(log / tiles.CHECKPOINT))
        trust.parse(tiles.text(log / tiles.POLICY)).check(signed)
        head = signed.checkpoint.head
        if tree.span_root(0, head.size, tree.over(tiles.row(log, head.size))) != head.root:
            raise Refused("its tiles do not give the root that was signed")
        last = _last_time(log, head.size)
    except (Refused, Broken) as found:
        remedy = "keep the folder as it is, and run `aliquot ledger verify`"
        yield Check(name, "fault", str(found), remedy)
        return
    if last is not None and last - clock.system() > _SKEW:
        yield Check(
            "clock",
            "fault",
            f"this machine's clock is behind the last entry of history ({last:%Y-%m-%d %H:%M} UTC)",
            "set the clock, and keep it set from a time server",
        )
    behind = _remembered(log.name) > head.size
    words = f"{head.size} entries are exported and signed"
    if behind:
        remedy = "if the custodian serves, wait a few seconds; else run `aliquot ledger verify`"
        yield Check(name, "warning", f"{words}, and the records know of more", remedy)
    else:
        yield Check(name, "ok", words)


def _last_time(log: Path, size: int) -> datetime | None:
    if size == 0 or log.name == "installation":
        return None
    first = (size - 1) - (size - 1) % tree.TILE_WIDTH
    return entry.decode(tiles.bundle(log, first // tree.TILE_WIDTH, size - first)[-1]).t


def _remembered(log: str) -> int:
    """How far history reached when the last act was kept; 0 where that cannot be asked."""
    from django.db import DatabaseError  # only after Django knows its settings

    from aliquot.access import statecheck

    if log == "installation":
        return 0
    try:
        known = statecheck.highest(Org(bytes.fromhex(log)))
    except (DatabaseError, ValueError):
        return 0
    return known[0] if known else 0


def hardening(described: Installation) -> Iterator[Check]:
    """How far this machine lets an ordinary user protect memory, tried in a process that is thrown away."""
    tried = subprocess.run([sys.executable, "-m", "aliquot.cli.measures"], capture_output=True, check=False)
    if tried.returncode != 0:
        yield Check("hardening", "fault", "the protection of memory could not be tried on this machine")
        return
    for name, held, detail, whose in json.loads(tried.stdout):
        if held:
            yield Check("hardening", "ok", f"{name} ({whose})")
        else:
            yield Check("hardening", "warning", f"{name} ({whose}): {detail}", "the installed units supply this")


def _mode(path: Path) -> int | None:
    return path.stat().st_mode if path.exists() else None

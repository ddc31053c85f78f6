"""D4: what was copied for a migration, when nobody thinks of it any more.

Eleven migrations come to their ends: closed, aborted, and abandoned after each step but the last. Their bundles lie
under the installation, and whoever looks for them has copies of custody's files from before.
"""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec

from aliquot.access import acts, door, migrating
from aliquot.access.acts import Act, LookUpIdentifier, RegisterPatient
from aliquot.cli.attack import moves, relays, unwrapped
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.moves import Move
from aliquot.cli.scratch import PASSPHRASE, World
from aliquot.custody.denial import Denial
from aliquot.legacy import staged, sweeping
from aliquot.terms import ids
from aliquot.terms.ids import Org
from aliquot.terms.installation import Custody
from aliquot.terms.purposes import Purpose
from aliquot.vault import carrying
from aliquot.vault.bundle import SenderKey
from aliquot.vault.bundlekey import StagingKey
from aliquot.vault.keyring import Keyring

_LEFT = timedelta(hours=73)
_WEEKS = timedelta(days=24)
_MOVES = len(moves.ROAD) + 2
_TICKS = 6
"""Of one day: enough for the weekly keys to move on, some at a time."""
_CONTENT = b"a row of the old laboratory"


def leave_behind(ground: Ground) -> Measured:
    """End migrations or abandon them, let 73 hours pass, and open what is left; then let the weekly keys go."""
    world, sender = ground.world, SenderKey.generate()
    made = [moves.declared(moves.enrolled(world, ground.nord.org, f"mover-{n}"), sender) for n in range(_MOVES)]
    folders = [relays.carried(move, sender, world.home / "received" / move.mandate.hex(), _CONTENT) for move in made]
    before = sum(_opens(move, folder) for move, folder in zip(made, folders, strict=True))
    copies = _Copies(ground)
    _end(made)
    _pass(world, _LEFT)
    opened = sum(_opens(move, folder) for move, folder in zip(made, folders, strict=True))
    granted = sum(map(_loads, made))
    kept, soon = copies.kept_now(made), copies.open(folders, world.installation.custody.epochs[0])
    left, orphans = len(staged.found(world.home)), _orphans(world)
    for _ in range(_WEEKS.days):
        _pass(world, timedelta(days=1))
    late, with_epochs = copies.open(folders, world.installation.custody.epochs[0]), copies.open(folders, copies.epochs)
    figure = (
        f"{opened} of {len(made)} bundles open after 73 h, {granted} loading acts granted, {kept} keys kept; "
        f"{orphans} of {left} orphans left by the sweep; who copied custody's databases before and has the passphrase "
        f"opens {soon} then and {late} three weeks later, or {with_epochs} with a copy of the epoch file too"
    )
    clean = opened == granted == kept == orphans == late == 0
    return Measured(figure, holds=clean and before == left == with_epochs == len(made))


def _end(made: Sequence[Move]) -> None:
    """One is closed, one aborted, and the others are left one in each state."""
    closed, aborted, *left = made
    moves.until(closed, "close")
    moves.until(aborted, "load")
    aborted.take("abort")
    for at, move in enumerate(left):
        move.take(*[*moves.ROAD][:at])


def _pass(world: World, time: timedelta) -> None:
    world.clock.pass_(time)
    for _ in range(_TICKS):
        world.custodian.tick()


def _opens(move: Move, folder: Path) -> bool:
    """Whether custody opens the bundle of a migration for its loader."""
    path = carrying.path_of(folder, 1)
    place = carrying.located(path)
    try:
        with move.running() as grant:
            part = migrating.open_part(grant, (folder / carrying.HEADER).read_bytes(), place.head, place.trailer)
            return migrating.open_chunks(grant, part.handle, 0, tuple(carrying.chunks(path))) == (_CONTENT,)
    except Denial:
        return False


def _loads(move: Move) -> int:
    """How many acts of a load are granted under a mandate."""
    loader = move.loader
    try:
        actor = loader.actor()
    except Denial:  # it ended with the cut-over
        return 0
    new = RegisterPatient(ids.new(loader.org, loader.world.clock()))
    tried: tuple[Act, ...] = (new, LookUpIdentifier(acts.organization(loader.org)))
    granted = 0
    for act in tried:
        meant = replace(door.intent(actor, loader.world.clock(), Purpose.HOPERAT), mandate=move.mandate)
        try:
            with door.enter(actor, act, meant):
                granted += 1
        except Denial:
            continue
    actor.line.hang_up()
    return granted


def _orphans(world: World) -> int:
    """How many of the bundles that nobody cleared away lie there after the worker's sweep, which comes every hour."""
    line = world.worker()
    sweeping.sweep(line, world.home)
    line.hang_up()
    return len(staged.found(world.home))


class _Copies:
    """What a thief copied on the day of the migrations: bundles, custody's database, key journal and epoch file."""

    def __init__(self, ground: Ground) -> None:
        custody = ground.world.installation.custody
        self._custody, self._org = custody, ground.nord.org
        self._store = Keyring.unlock(custody.keyring, PASSPHRASE, allow_weak=True)
        self._folder = ground.folder / "copies"
        self._folder.mkdir()
        self.epochs = self._folder / "epochs"
        shutil.copy(custody.epochs[0], self.epochs)
        shutil.copy(custody.key_journal, self._folder / "journal")
        with closing(sqlite3.connect(custody.database)) as db, closing(sqlite3.connect(self._folder / "db")) as copy:
            db.backup(copy)
        shutil.copytree(ground.world.home / "received", self._folder / "received")

    def open(self, folders: Sequence[Path], epochs: Path) -> int:
        """How many copied bundles open with the copies, the keyring and its passphrase, and an epoch file."""
        place = self._folder / "keyring"
        shutil.copy(epochs, place.with_suffix(".aqe"))
        copied = msgspec.structs.replace(
            self._custody, database=self._folder / "db", key_journal=self._folder / "journal", keyring=place
        )
        found = _staging(copied, self._store, self._org)
        bundles = [self._folder / "received" / folder.name for folder in folders]
        return sum(any(relays.opens(folder, key) for key in found) for folder in bundles)

    def kept_now(self, made: Sequence[Move]) -> int:
        """How many secrets of these migrations custody's own files of today still hold, sealed or open."""
        return len(_staging(self._custody, self._store, self._org)) + sum(map(self._rows, made))

    def _rows(self, move: Move) -> int:
        query = (
            "SELECT (SELECT count(*) FROM migration WHERE mandate = ?1 AND secrets IS NOT NULL)"
            " + (SELECT count(*) FROM subject WHERE id = ?1)"
        )
        with closing(sqlite3.connect(self._custody.database)) as db:
            (count,) = db.execute(query, (move.mandate,)).fetchone()
        return int(count)


def _staging(custody: Custody, store: Keyring, org: Org) -> list[StagingKey]:
    subjects = unwrapped.subjects(custody, org, unwrapped.keks(custody, store, org))
    return [*unwrapped.staging(custody, org, subjects).values()]

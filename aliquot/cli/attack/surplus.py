"""D2: sixty columns of twenty years, of which a laboratory ordered eighteen of two; where is the rest?

Every cell that can bear one has a planted word. The source is profiled, rehearsed and carried; what arrived is
profiled, rehearsed, loaded and reconciled. Every byte that was written is searched, every record opened with all keys.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from aliquot.access import rows
from aliquot.cli.attack import moves, oldlab, relays, unwrapped
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.moves import Move
from aliquot.cli.attack.oldlab import OUTSIDE, SCOPE, WITHIN, Old
from aliquot.cli.attack.remains import Temporary
from aliquot.cli.attack.seekers import Words
from aliquot.cli.scratch import PASSPHRASE
from aliquot.legacy import arriving, carrying, profile, progress
from aliquot.legacy import map as maps
from aliquot.legacy.carrying import Bearer
from aliquot.legacy.entrance import Leave
from aliquot.legacy.map import Map
from aliquot.legacy.progress import Progress
from aliquot.legacy.reading import Reading
from aliquot.legacy.rehearsal import Trial
from aliquot.terms import canonical
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.vault.bundle import SenderKey
from aliquot.vault.keyring import Keyring
from aliquot.vault.keys import PatientKey
from aliquot.vault.record import Address, Sealed, Sealer

_MOST = 1_200


def more_than_ordered(ground: Ground) -> Measured:
    """Move an old laboratory in as it should be done, and look for what was not ordered."""
    temporary, places = Temporary(ground.folder), _Places(ground.folder)
    old = oldlab.made(places.old, min(ground.scale.patients, _MOST))
    move = _move(ground, old, places)
    words = Words((OUTSIDE, WITHIN))
    planted, _ = Words((OUTSIDE,)).under(places.old)
    shutil.rmtree(places.old)
    hits, looked_at = words.under(ground.folder)
    beside, looked_beside = temporary.search(words)
    hits += beside + (words.count(ground.dump()) if ground.server is not None else 0)
    outside, within = _opened(ground, move, places)
    figure = (
        f"{hits} planted words in clear, of {planted:,} cells outside the mandate, in "
        f"{(looked_at + looked_beside) / 1e6:,.1f} MB; {outside} in opened bundle and records, "
        f"which hold {within:,} words that were ordered"
    )
    return Measured(figure, holds=hits == outside == 0 and planted > 0 and within > 0)


@dataclass(frozen=True)
class _Places:
    """Where everything is: the source goes away before the search."""

    folder: Path

    @property
    def old(self) -> Path:
        return self.folder / "old"

    @property
    def bundle(self) -> Path:
        return self.folder / "bundle"

    def write(self, name: str, said: msgspec.Struct) -> None:
        """Put down what a step says, as its command does."""
        (self.folder / f"{name}.json").write_bytes(canonical.encode(said))


def _move(ground: Ground, old: Old, places: _Places) -> Move:
    from aliquot.legacy import loading, reconciling  # only when Django knows which installation it is about

    sender, loader = SenderKey.generate(), moves.enrolled(ground.world, ground.nord.org)
    move = moves.declared(loader, sender, SCOPE, _MOST)
    leave = Leave(loader.actor(), move.mandate, oldlab.where(ground), ground.world.clock)
    with old.reading() as reading:
        drawn = _look(ground, move, reading, places, "there")
    with old.reading() as reading:
        bearer = Bearer(move.document(), sender, places.bundle)
        carrying.carry(reading, bearer, ground.world.clock(), lambda *_: None)
    moves.until(move, "load")
    leave = Leave(loader.actor(), move.mandate, oldlab.where(ground), ground.world.clock)
    with arriving.opened(leave, SCOPE, places.bundle) as reading:
        _look(ground, move, reading, places, "here")
    with arriving.opened(leave, SCOPE, places.bundle) as reading:
        reached = Progress(drawn.mandate, maps.digest(drawn))
        file = places.folder / "progress.json"
        load = loading.Load(leave, drawn, SCOPE, reached, lambda known: progress.write(file, known))
        places.write("loaded", load.run(reading))
    move.take("finish")
    with arriving.opened(leave, SCOPE, places.bundle) as reading:
        places.write("reconciled", reconciling.Reconciler(leave, drawn, SCOPE).run(reading))
    leave.actor.line.hang_up()
    return move


def _look(ground: Ground, move: Move, reading: Reading, places: _Places, at: str) -> Map:
    """Profile and rehearse, and write down what both say."""
    seen = profile.take(reading, SCOPE, bytes(32))
    drawn = oldlab.drawn(move.mandate.hex(), seen.digest(), ground.nord.site)
    places.write(f"profile-{at}", seen)
    today = ground.world.clock().date()
    places.write(f"rehearsal-{at}", Trial(drawn, SCOPE, oldlab.where(ground).catalogue, today).run(reading))
    return drawn


def _opened(ground: Ground, move: Move, places: _Places) -> tuple[int, int]:
    """How many words outside and within the mandate are in bundle and records, opened with all keys."""
    custody, org = ground.world.installation.custody, ground.nord.org
    store = Keyring.unlock(custody.keyring, PASSPHRASE, allow_weak=True)
    keys = unwrapped.subjects(custody, org, unwrapped.keks(custody, store, org))
    staging = unwrapped.staging(custody, org, keys)[move.mandate]
    outside, within = Words((OUTSIDE,)), Words((WITHIN,))
    carried, kept = [*relays.plain(places.bundle, staging)], [*_records(ground, keys)]
    return sum(map(outside.count, (*carried, *kept))), sum(map(within.count, kept))


def _records(ground: Ground, keys: dict[bytes, PatientKey]) -> Iterator[bytes]:
    """What the records of those say who came."""
    came, org = [Id(subject) for subject in keys if subject not in set(ground.nord.patients)], ground.nord.org
    for one in rows.of_subjects(came, tuple(Kind)):
        row, deciding = one.row, canonical.deciding(one.row.state, one.row.parents)
        address = Address(org, one.subject, row.kind, Id(row.id), row.version, deciding)
        yield Sealer(keys[one.subject], 1).open(address, row.schema, Sealed(row.sealed)).body

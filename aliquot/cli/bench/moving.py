"""The old laboratories that are measured on their way in: two, of different sizes, under one roof and one custodian."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connections

from aliquot.access.custodian import Line
from aliquot.access.door import Actor
from aliquot.cli import founding, scratch
from aliquot.cli.attack import moves, plan
from aliquot.cli.bench import apart, processes
from aliquot.cli.bench.apart import Said
from aliquot.cli.bench.ground import Ground
from aliquot.cli.bench.house import Told
from aliquot.cli.bench.processes import Process
from aliquot.cli.demo.move import answers
from aliquot.cli.scratch import Clock, Running, World
from aliquot.cli.simulate import writing
from aliquot.cli.simulate.life import Life
from aliquot.lab import catalogue, setting
from aliquot.lab.setting import Setting
from aliquot.legacy import arriving, description
from aliquot.legacy.description import Description
from aliquot.legacy.entrance import Leave
from aliquot.legacy.map import Map
from aliquot.legacy.reading import Reading
from aliquot.terms import clock
from aliquot.terms.ids import Id, Org
from aliquot.terms.installation import Installation
from aliquot.vault.bundle import SenderKey
from aliquot.vault.mandate import MandateDocument

_EARLIER = timedelta(hours=2)
_CODE = timedelta(seconds=30)
_MORE = 100
SCOPE = answers.scope()


@dataclass(frozen=True)
class Size:
    """How large an old laboratory is: rows of people, and results for each on average."""

    patients: int
    each: float


@dataclass(frozen=True)
class Moving:
    """One of them, its mandate signed and its loading open."""

    folder: Path
    size: Size
    described: Installation
    org: Org
    loader: tuple[str, Ed25519PrivateKey]
    mandate: Id
    document: MandateDocument
    sender: SenderKey

    @property
    def source(self) -> Description:
        """The old system's files."""
        return description.read(self.folder / "old" / "source.toml")

    @property
    def bundle(self) -> Path:
        """Where it is carried to."""
        return self.folder / "bundle"

    @property
    def drawn(self) -> Map:
        """The biologist's map."""
        return answers.drawn(self.mandate.hex(), "00" * 32, plan.SITES[self.org])

    def leave(self) -> Leave:
        """The loader at work, over a line of its own."""
        line = Line(self.described.custody.socket, "work", self.loader)
        laboratory = next(each for each in self.described.laboratories if each.org == self.org.hex())
        published = resources.files("aliquot.cli.demo").joinpath("catalogue.toml").read_text("utf-8")
        where = Setting(catalogue.parse(published), setting.laboratory(laboratory))
        return Leave(Actor(line, line.session().ticket, self.org), self.mandate, where, clock.system)

    def reading(self) -> Reading:
        """The old system, opened under the mandate."""
        return Reading(SCOPE, self.source)

    def arrived(self, leave: Leave) -> Reading:
        """What was carried, opened under the mandate."""
        return arriving.opened(leave, SCOPE, self.bundle)


@contextmanager
def built(ground: Ground, sizes: Sequence[Size], told: Told) -> Iterator[tuple[list[Moving], Process]]:
    """Old laboratories that may be loaded, one into each laboratory here, and the custodian serving."""
    passphrase = secrets.token_urlsafe(24)
    described = ground.described
    at = Clock(clock.system() - _EARLIER)
    founded = founding.found(described, scratch.cast(plan.SITES), founding.Secrecy(passphrase), at)
    founding.migrate()
    running = Running(ground.home, at, passphrase)
    world = World(ground.home, described, at, {}, described.record.engine, running)
    try:
        world.secrets.update(scratch.accept(described, founded, at))
        at.pass_(_CODE)
        both = [_moving(ground, world, org, size) for org, size in zip(plan.SITES, sizes, strict=True)]
    finally:
        world.hang_up()
        running.stop()
        connections.close_all()
    for each in both:
        _invent(each, told)
    with (ground.home / "bench.log").open("wb") as log:
        process = processes.custody(ground.home, passphrase, log)
        try:
            yield both, process
        finally:
            process.stop()


def _moving(ground: Ground, world: World, org: Org, size: Size) -> Moving:
    """Every step up to loading is taken, with any evidence: what the steps do is measured when nobody waits for it."""
    sender, loader = SenderKey.generate(), moves.enrolled(world, org, f"mover-{plan.SITES[org]}")
    move = moves.declared(loader, sender, SCOPE, size.patients + _MORE)
    moves.until(move, "load")
    folder = ground.home / "moving" / plan.SITES[org]
    folder.mkdir(parents=True)
    own = (loader.name, loader.key)
    return Moving(folder, size, ground.described, org, own, move.mandate, move.document(), sender)


def _invent(move: Moving, told: Told) -> None:
    def invented() -> Said:
        seed = int.from_bytes(move.org, "big")
        life = Life(move.size.patients, seed, move.size.each)
        rows = writing.write("flat", move.folder / "old", life, truth="none").tables.values()
        (move.folder / "old" / "source.toml").write_text(answers.SOURCE)
        return {"rows": sum(count.rows for count in rows)}

    told("rows of old laboratories invented", int(apart.ran(invented).said["rows"]))

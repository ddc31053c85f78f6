"""A laboratory that is being moved with the words of `aliquot legacy`, as processes of their own; people sign here."""

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import connection

from aliquot.access import acts, door
from aliquot.access.acts import SignMandate
from aliquot.cli import catalogue as publishing
from aliquot.cli import layout, scratch
from aliquot.cli.legacy import keys
from aliquot.cli.scratch import Clock, Running, World
from aliquot.custody import forms
from aliquot.custody.roles import Role
from aliquot.custody.steps import Step
from aliquot.legacy import map as maps
from aliquot.terms import clock, installation
from aliquot.terms.kinds import Kind
from tests.cli import terminal
from tests.cli.terminal import Said
from tests.custody import moving
from tests.custody.moving import Move
from tests.legacy.move import SCOPED, Old
from tests.legacy.old import CATALOGUE, TOML
from tests.plan import NORD, PLAN, SUD
from tests.world import Templates

SQLITE = 'engine = "sqlite"\nname = "record/record.sqlite3"\nhost = ""\nport = 0\nuser = ""\n'
CANARY = "CANARI"


@dataclass
class Laboratory:
    """One laboratory, its migration and its old system."""

    lab: World
    move: Move
    old: Old

    @property
    def mandate(self) -> str:
        """The id of the signed mandate."""
        return self.move.mandate.hex()

    @property
    def source(self) -> str:
        """The path of source.toml."""
        return str(self.old.folder / "source.toml")

    @property
    def map(self) -> str:
        """The path of the map."""
        return str(self.old.folder / "map.toml")

    @property
    def folder(self) -> Path:
        """What lies between two words."""
        return self.lab.home / "migrations" / self.mandate

    def word(self, *words: str) -> Said:
        """A word of `aliquot legacy`."""
        return terminal.run("legacy", *words, "--home", str(self.lab.home))

    def told(self, *words: str) -> dict[str, object]:
        """What a word tells a machine, once it is done."""
        said = self.word(*words, "--json")
        assert said.status == 0, said.err
        told: dict[str, object] = json.loads(said.out)
        return told

    def draw(self, toml: str = TOML) -> str:
        """Write the map down; the answer is its digest."""
        text = toml.replace('mandate = "00"', f'mandate = "{self.mandate}"')
        Path(self.map).write_text(text)
        return maps.digest(maps.parse(text))

    def opened(self) -> "Laboratory":
        """Profile, map, rehearse, and the director opens the loading."""
        assert self.word("profile", self.mandate, self.source).status == 0
        self.sign("map", self.draw())
        rehearsed = self.told("rehearse", self.map, self.source)
        self.sign("load", rests=str(rehearsed["digest"]))
        return self

    def sign(self, step: str, evidence: str = "", rests: str = "") -> None:
        """Whoever answers for a step signs it."""
        form = forms.StepMigration(self.mandate, Step(step), evidence, rests)
        for who in moving.PEOPLE[step]:
            moving.govern(self.lab, who, form, acts.StepMigration)

    def kept(self) -> dict[str, int]:
        """What stands in the record, by kind."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT kind, count(*), count(DISTINCT resource) FROM version GROUP BY kind")
            found = {kind: (versions, resources) for kind, versions, resources in cursor.fetchall()}
        kinds = (Kind.DEMOGRAPHY, Kind.REQUISITION, Kind.OBSERVATION, Kind.IMPORT)
        assert all(versions == resources for kind, (versions, resources) in found.items() if kind in kinds)
        return {kind.name: found.get(kind, (0, 0))[0] for kind in kinds}


def ground(home: Path) -> dict[str, bytes]:
    """Found an installation an hour ago; the answer is its cast's secrets."""
    layout.lay(home, PLAN)
    return scratch.found(home, scratch.cast({NORD: "nord", SUD: "sud"}), Clock(clock.system() - timedelta(hours=1)))


@contextmanager
def opened(made: tuple[Path, dict[str, bytes]], templates: Templates, engine: str, folder: Path) -> Iterator[World]:
    """A copy of the ground at work, on one engine, at the present time."""
    home, name = folder / "home", f"moved_{uuid.uuid4().hex}"
    shutil.copytree(made[0], home)
    file = home / installation.FILE_NAME
    if engine == "postgresql":
        templates.server.run(f"CREATE DATABASE {name} TEMPLATE {templates.name}")
        record = templates.server.record(name)
        place = f'host = "{record.host}"\nport = {record.port}\nuser = "{record.user}"\n'
        assert SQLITE in file.read_text()
        file.write_text(file.read_text().replace(SQLITE, f'engine = "postgresql"\nname = "{name}"\n{place}'))
        scratch.point(record)
    else:
        scratch.point(installation.Record("sqlite", str(home / "record" / "record.sqlite3")))
    at = Clock(clock.system())
    running = Running(home, at)
    lab = World(home, installation.read(file), at, dict(made[1]), engine, running)
    try:
        yield lab
    finally:
        lab.hang_up()
        running.stop()
        connection.close()
        if engine == "postgresql":
            templates.server.run(f"DROP DATABASE {name} WITH (FORCE)")


def moved(lab: World, source: Old, sender: str = "") -> Laboratory:
    """The catalogue is in force, the loader enrolled with the key that `enrol` made, and the mandate signed.

    `sender` is the fingerprint of whoever carries what is not read in place.
    """
    director = lab.sign_in("director@nord")
    publishing.put_in_force(director, CATALOGUE, lab.factor("director@nord"), lab.clock())
    said = terminal.run("legacy", "enrol", moving.LOADER, "--home", str(lab.home), "--json")
    assert said.status == 0, said.err
    public = bytes.fromhex(json.loads(said.out)["public_key"])
    form = forms.EnrolService(moving.LOADER, Role.LOADER, public, lab.clock() + timedelta(days=60))
    proposed = moving.govern(lab, "administrator@nord", form, acts.Administer)
    moving.govern(lab, "director@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()), SignMandate)
    line = lab.service(moving.LOADER, layout.key(keys.file(lab.home, moving.LOADER)))
    actor = door.Actor(line, line.session().ticket, NORD)
    move = moving.declared(lab, actor, scope=SCOPED, allowed=1000, sender=sender)
    source.reading().close()
    return Laboratory(lab, move, source)

"""A demonstration is made: two laboratories with their people, catalogues, patients, and the morning of a day.

Everything goes the way that people's own work goes: invitations are accepted, factors are fresh, bulk work is
mandated. Only the clock is ours while it is made: it starts half an hour ago, so that nobody waits for their next code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from pathlib import Path

from django.db import connections

from aliquot.access import people as sessions
from aliquot.cli import catalogue as publishing
from aliquot.cli import founding, scratch
from aliquot.cli.demo import codes, day, folder, loading, people, staff
from aliquot.cli.demo.staff import Laboratory
from aliquot.cli.founding import Secrecy
from aliquot.cli.scratch import Clock, Running, World
from aliquot.custody import factors, forms
from aliquot.custody.changes import Founder
from aliquot.custody.roles import Role
from aliquot.lab import catalogue, setting
from aliquot.lab.catalogue import Catalogue
from aliquot.lab.setting import Setting
from aliquot.terms import clock
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation

_EARLIER = timedelta(minutes=30)
_ONE_CODE = timedelta(seconds=factors.STEP_SECONDS)
_CODES_AHEAD = timedelta(minutes=2)

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Stage:
    """How far the day is when people come in: requisitions received, expected, and tubes that are answered by then."""

    received: int
    expected: int
    answered: int


STAGES = {"morning": Stage(6, 3, 0), "results-waiting": Stage(35, 4, 50)}


def make(home: Path, described: Installation, passphrase: str, stage: Stage, tell: Tell) -> None:
    """Found what was laid out at `home` and fill it. Nobody is running it when this returns."""
    at = Clock(clock.system() - _EARLIER)
    tell("founding two laboratories: keys, databases, people")
    founders: dict[Org, Sequence[Founder]] = {laboratory.id: laboratory.founders() for laboratory in staff.LABORATORIES}
    founded = founding.found(described, founders, Secrecy(passphrase), at)
    founding.migrate()
    running = Running(home, at, passphrase)
    lab = World(home, described, at, {}, "sqlite", running)
    try:
        lab.secrets.update(scratch.accept(described, founded, at))
        at.pass_(_ONE_CODE)
        first = staff.LABORATORIES[0]
        loading.decide(lab, first.who(Role.ADMINISTRATOR), forms.EnrolDevice(staff.ANALYSER, first.site))
        for laboratory in staff.LABORATORIES:
            _fill(lab, laboratory, stage, tell)
    finally:
        lab.hang_up()
        running.stop()
        connections.close_all()
    if at() > clock.system() - _CODES_AHEAD:
        raise Broken("the demonstration's own clock overtook the real one: codes would have to be waited for")
    codes.keep(home, lab.secrets)


def _fill(lab: World, laboratory: Laboratory, stage: Stage, tell: Tell) -> None:
    tell(f"{laboratory.name}: a catalogue, a mandate, {staff.PATIENTS} patients and their past")
    described = next(each for each in lab.installation.laboratories if each.org == laboratory.org)
    where = Setting(publish(lab, laboratory.who(Role.DIRECTOR)), setting.laboratory(described))
    with loading.mandated(lab, laboratory, where, staff.PATIENTS) as loader:
        known = loading.register(loader, people.people(laboratory.seed, staff.PATIENTS, folder.day(lab.home)))
        loading.load_pasts(loader, known)
        day.begin(loader, known, stage.received, stage.expected)


def offered() -> Catalogue:
    """The demonstration's catalogue."""
    return catalogue.parse(resources.files(__package__).joinpath("catalogue.toml").read_text("utf-8"))


def publish(lab: World, director: str) -> Catalogue:
    """Put the demonstration's catalogue in force."""
    version = offered()
    actor = lab.sign_in(director)
    publishing.put_in_force(actor, version, lab.factor(director), lab.clock())
    sessions.sign_out(actor)
    return version

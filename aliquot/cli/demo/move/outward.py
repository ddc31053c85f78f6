"""And out again: what was moved in leaves for a second installation, sealed, under a mandate of two people.

The custodians of both sides run in this process for it, with clocks that can be set: each signature takes a code of its
own, and the next code takes half a minute.
"""

import contextlib
import secrets
import socket
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.db import connections

from aliquot.access import acts, door, exporting, migrating
from aliquot.access.acts import ReadMigration
from aliquot.cli import founding, layout, scratch
from aliquot.cli.demo import codes, loading, making, screen, staff
from aliquot.cli.demo.move.case import Case
from aliquot.cli.demo.move.sides import LASTS, Side, Sides
from aliquot.cli.founding import Secrecy
from aliquot.cli.layout import Plan
from aliquot.cli.legacy import folder
from aliquot.cli.scratch import Clock, Running, World
from aliquot.custody import exports, factors, forms
from aliquot.custody.changes import Founder
from aliquot.custody.portions import PORTIONS
from aliquot.custody.roles import Role
from aliquot.custody.steps import Step
from aliquot.legacy import leaving, mapfile
from aliquot.legacy import map as maps
from aliquot.legacy.papers import Rehearsed
from aliquot.legacy.profile import Profile
from aliquot.terms import clock
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id, Org
from aliquot.terms.installation import Record
from aliquot.terms.mandates import Scope
from aliquot.terms.purposes import Purpose

_EXPORTER: Final = "porter"
_LOADER: Final = "taker"
_AHEAD: Final = timedelta(minutes=5)
_ONE_CODE: Final = timedelta(seconds=factors.STEP_SECONDS)
_TERMS: Final = "00" * 32
_HOST: Final = "127.0.0.1"


def found(case: Case) -> None:
    """A second installation is founded; its director and privacy officer sign that it takes the records in."""
    case.close()
    first = _first(case)
    second = _second(case.home / "second", case.closing)
    case.type_("legacy", "enrol", _LOADER, "--home", str(second.home))
    second.enrol(_LOADER, Role.LOADER)
    director = first.world.sign_in(first.laboratory.who(Role.DIRECTOR))
    meant = door.intent(director, first.world.clock(), Purpose.HSYSADMIN)
    with door.enter(director, ReadMigration(acts.organization(director.org)), meant) as grant:
        sender = exporting.sender(grant).fingerprint
    form = forms.SignMigration(
        *("taking over", first.laboratory.name, _TERMS, _scope(), _LOADER, case.patients),
        second.world.clock() + LASTS,
        sender,
    )
    mandate = Id(loading.agree(second.world, second.who(Role.DIRECTOR, Role.PRIVACY_OFFICER), form))
    case.sides = Sides(first, second, case.home / "leaving", mandate)
    screen.tell(f"the receiver has signed; it takes a bundle of the sender {sender[:16]}... and of nobody else")


def seal(case: Case) -> None:
    """The first side signs what leaves, and seals it."""
    out, first = _of(case), _of(case).first
    case.type_("export", "enrol", _EXPORTER, "--home", str(first.home))
    first.enrol(_EXPORTER, Role.EXPORTER)
    today = clock.system().date()
    free = PORTIONS["ExportDossier"].reads - exports.FREE_TEXT
    form = forms.SignExport(
        purpose="the laboratory leaves",
        recipient=out.second.laboratory.name,
        receiver=_document(out),
        kinds=tuple(sorted(kind.name.lower() for kind in free)),
        first_on=today - timedelta(days=30),
        last_on=today + timedelta(days=1),
        sites=(first.laboratory.site,),
        harm="restricted",
        service=_EXPORTER,
        allowed=case.patients,
        until=first.world.clock() + LASTS,
        history=True,
    )
    mandate = loading.agree(first.world, first.who(Role.DIRECTOR, Role.PRIVACY_OFFICER), form)
    case.type_("export", "seal", mandate.hex(), str(out.bundle), "--home", str(first.home))


def take(case: Case) -> None:
    """The second side profiles, maps, rehearses and loads what came."""
    out = _of(case)
    home = ("--home", str(out.second.home))
    case.type_("legacy", "profile", out.mandate.hex(), str(out.bundle), *home)
    profile = folder.read(out.migration / folder.PROFILE, Profile)
    if profile is None:
        raise Broken("the profile is gone")
    site, signed = out.second.laboratory.site, _scope()
    drawn = leaving.drawn(out.mandate.hex(), profile.digest(), making.offered(), site, signed)
    drawing = out.migration / "map.toml"
    drawing.write_text(mapfile.text(drawn))
    case.type_("legacy", "check", str(drawing), *home)
    out.sign(Role.BIOLOGIST, Step.MAP, evidence=maps.digest(drawn))
    case.type_("legacy", "rehearse", str(drawing), str(out.bundle), *home)
    rehearsed = folder.read(out.migration / folder.REHEARSAL, Rehearsed)
    if rehearsed is None:
        raise Broken("the rehearsal is gone")
    out.sign(Role.PRIVACY_OFFICER, Step.LOAD, rests=rehearsed.digest)
    case.type_("legacy", "load", str(drawing), str(out.bundle), *home)
    case.type_("legacy", "finish", out.mandate.hex(), *home)


def compare(case: Case) -> None:
    """Both sides are read again."""
    out = _of(case)
    drawing = str(out.migration / "map.toml")
    case.type_("legacy", "reconcile", drawing, str(out.bundle), "--home", str(out.second.home))
    screen.tell("what left one installation stands in the other")


def _of(case: Case) -> Sides:
    if case.sides is None:
        raise Broken("there is no second installation yet")
    return case.sides


def _first(case: Case) -> Side:
    at = Clock(clock.system() + _AHEAD)
    running = Running(case.home, at, case.passphrase)
    case.closing.callback(running.stop)
    world = World(case.home, case.installation, at, codes.kept(case.home), "sqlite", running)
    case.closing.callback(world.hang_up)
    return Side(case.home, world, case.laboratory)


def _second(home: Path, stack: contextlib.ExitStack) -> Side:
    laboratory = staff.LABORATORIES[1]
    installation = layout.lay(home, _plan())
    at, passphrase = Clock(clock.system() + _AHEAD), secrets.token_urlsafe(24)
    founders: dict[Org, Sequence[Founder]] = {one.id: one.founders() for one in staff.LABORATORIES}
    founded = founding.found(installation, founders, Secrecy(passphrase, scratch.CHEAP), at)
    first = connections["default"].settings_dict["NAME"]
    scratch.point(Record("sqlite", str(home / installation.record.name)))
    try:
        founding.migrate()
        running = Running(home, at, passphrase)
        stack.callback(running.stop)
        world = World(home, installation, at, {}, "sqlite", running)
        stack.callback(world.hang_up)
        world.secrets.update(scratch.accept(installation, founded, at))
        at.pass_(_ONE_CODE)
        making.publish(world, laboratory.who(Role.DIRECTOR))
    finally:
        scratch.point(Record("sqlite", str(first)))
    return Side(home, world, laboratory)


def _document(out: Sides) -> str:
    world, director = out.second.world, out.second.laboratory.who(Role.DIRECTOR)
    actor = world.sign_in(director)
    meant = door.intent(actor, world.clock(), Purpose.HSYSADMIN)
    with door.enter(actor, ReadMigration(acts.organization(actor.org)), meant) as grant:
        (told,) = migrating.state(grant, out.mandate)
    return told.document


def _plan() -> Plan:
    return Plan(
        laboratories=tuple(one.described() for one in staff.LABORATORIES),
        record=Record("sqlite", "record/record.sqlite3"),
        web_port=_free(),
        listen_port=_free(),
        peers=(),
    )


def _free() -> int:
    with socket.create_server((_HOST, 0)) as free:
        return int(free.getsockname()[1])


STAGES: Final = (
    ("and out again: a second installation is founded, and signs that it takes the records in", found),
    ("two people sign what leaves; it is sealed patient by patient, for that receiver alone", seal),
    ("the second installation loads what came, through the door of every migration", take),
    ("both sides are read again", compare),
)


def _scope() -> Scope:
    """What the second side takes in."""
    today = clock.system().date()
    return leaving.scope(today - timedelta(days=30), today)

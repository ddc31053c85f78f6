"""The stages of a laboratory's move, in their order. One more is one more line of `STAGES`."""

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from django.db import connection, connections

from aliquot.access import migrating
from aliquot.access.custodian import Line
from aliquot.cli import founding, scratch
from aliquot.cli.demo import codes, screen, staff
from aliquot.cli.demo.move import answers, outward, signing
from aliquot.cli.demo.move.case import Case, Stopped
from aliquot.cli.demo.move.signing import LOADER, Desk
from aliquot.cli.exits import Exit
from aliquot.cli.founding import Secrecy
from aliquot.cli.legacy import folder
from aliquot.cli.scratch import Clock, Running, World
from aliquot.cli.simulate import writing
from aliquot.cli.simulate.life import Life
from aliquot.custody import factors
from aliquot.custody.changes import Founder
from aliquot.custody.roles import Role
from aliquot.custody.steps import State, Step
from aliquot.legacy import closing, mapfile
from aliquot.legacy import map as maps
from aliquot.legacy.papers import Loaded, Reconciled, Rehearsed
from aliquot.legacy.profile import Profile
from aliquot.terms import clock
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation
from aliquot.terms.kinds import Kind

_EARLIER: Final = timedelta(minutes=30)
_ONE_CODE: Final = timedelta(seconds=factors.STEP_SECONDS)


class Stage(NamedTuple):
    """What happens, in words, and the function that does it."""

    words: str
    do: Callable[[Case], None]


def run(home: Path, installation: Installation, patients: int) -> int:
    """Go through all stages; stopped between two, everything ends cleanly."""
    began = time.monotonic()
    with contextlib.closing(Case(home, installation, patients)) as case:
        try:
            for number, stage in enumerate(STAGES, 1):
                screen.tell(f"\n{number}/{len(STAGES)}  {stage.words}")
                stage.do(case)
                case.rest()
        except Stopped:
            screen.tell("stopped")
            return Exit.INTERRUPTED
    screen.tell(f"\nmoved in {time.monotonic() - began:,.0f} s; everything lies in {home}")
    screen.tell("the next demonstration in this folder removes it: take away first what you want to keep")
    return Exit.DONE


def _invent(case: Case) -> None:
    life = Life(case.patients, seed=1, results_per_patient=20.0)
    told = writing.write("flat", case.old, life, truth="none")
    case.source.write_text(answers.SOURCE)
    for name, count in told.tables.items():
        screen.tell(f"{name}: {count.rows:,} rows, {len(count.mess)} kinds of mess")
    case.word("columns", str(case.source))


def _found(case: Case) -> None:
    at = Clock(clock.system() - _EARLIER)
    founders: dict[Org, Sequence[Founder]] = {laboratory.id: laboratory.founders() for laboratory in staff.LABORATORIES}
    founded = founding.found(case.installation, founders, Secrecy(case.passphrase), at)
    founding.migrate()
    case.word("enrol", LOADER)
    running = Running(case.home, at, case.passphrase)
    lab = World(case.home, case.installation, at, {}, "sqlite", running)
    try:
        lab.secrets.update(scratch.accept(case.installation, founded, at))
        at.pass_(_ONE_CODE)
        case.mandate = signing.mandate(lab, case.laboratory, case.patients)
    finally:
        lab.hang_up()
        running.stop()
        connections.close_all()
    codes.keep(case.home, lab.secrets)


def _serve(case: Case) -> None:
    case.custody()
    case.word("show", case.mandate.hex())


def _profile(case: Case) -> None:
    case.word("profile", case.mandate.hex(), str(case.source))


def _map(case: Case) -> None:
    screen.tell("the biologist's completed map; here it is made from the simulator's own key")
    found = folder.read(case.migration / folder.PROFILE, Profile)
    if found is None:
        raise Broken("the profile is gone")
    drawn = answers.drawn(case.mandate.hex(), found.digest(), case.laboratory.site)
    case.map.write_text(mapfile.text(drawn))
    case.word("check", str(case.map))
    _desk(case).sign(case.laboratory.who(Role.BIOLOGIST), Step.MAP, evidence=maps.digest(drawn))


def _rehearse(case: Case) -> None:
    case.word("rehearse", str(case.map), str(case.source))
    found = folder.read(case.migration / folder.REHEARSAL, Rehearsed)
    if found is None:
        raise Broken("the rehearsal is gone")
    _desk(case).sign(case.laboratory.who(Role.PRIVACY_OFFICER), Step.LOAD, rests=found.digest)


def _load(case: Case) -> None:
    case.word("load", str(case.map), str(case.source))
    case.kept = _kept()
    screen.tell(_told(case.kept))


def _load_again(case: Case) -> None:
    case.word("load", str(case.map), str(case.source))
    kept = _kept()
    if kept != case.kept:
        raise Broken("a second load brought something that was there already")
    screen.tell(f"as before: {_told(kept)}; nothing is doubled")


def _finish(case: Case) -> None:
    case.word("finish", case.mandate.hex())
    case.word("show", case.mandate.hex())


def _reconcile(case: Case) -> None:
    case.word("reconcile", str(case.map), str(case.source))
    found = folder.read(case.migration / folder.RECONCILIATION, Reconciled)
    loaded = folder.read(case.migration / folder.LOADED, Loaded)
    if found is None or loaded is None or not found.agrees:
        raise Broken("the two sides do not agree")
    both = case.laboratory.who(Role.BIOLOGIST, 1), case.laboratory.who(Role.BIOLOGIST)
    for who in both:
        screen.tell(f"{who} compares the dossiers that custody drew: {_desk(case).compare(who)} agree")
    _desk(case).sign_both(both, Step.RECONCILE, evidence=found.digest, rests=loaded.digest)


def _cut_over(case: Case) -> None:
    case.word("back", case.mandate.hex(), str(case.source))
    found = folder.read(case.migration / folder.RECONCILIATION, Reconciled)
    if found is None:
        raise Broken("the reconciliation is gone")
    officers = case.laboratory.who(Role.DIRECTOR), case.laboratory.who(Role.PRIVACY_OFFICER)
    cut = _desk(case).cut_over(officers, found.digest)
    people = sum(one.kind == "person" for one in cut.stays)
    others = ", ".join(f"{one.kind} {one.name}" for one in cut.stays if one.kind != "person")
    screen.tell(f"cut over: the loader has ended; {people} people may still come in, and {others}")


def _close(case: Case) -> None:
    case.word("close", case.mandate.hex())
    (made,) = closing.kept(case.home, case.mandate.hex())
    officers = case.laboratory.who(Role.DIRECTOR), case.laboratory.who(Role.PRIVACY_OFFICER)
    rests = made.evidence[Step.RECONCILE]
    _desk(case).sign_both(officers, Step.CLOSE, evidence=closing.digest(made), rests=rests)
    _desk(case).close()
    if _standing(case) is not State.CLOSED:
        raise Broken("two people signed the certificate, and the migration is not closed")
    screen.tell("closed: the certificate is signed and the staging key is destroyed")
    case.word("close", case.mandate.hex())


def _standing(case: Case) -> State | None:
    """How the migration ended, as custody tells any process that knows its mandate."""
    line = Line(case.installation.custody.socket, "cli")
    try:
        return migrating.standing(line, case.mandate)
    finally:
        line.hang_up()


def _desk(case: Case) -> Desk:
    if case.desk is None:
        case.desk = Desk(case.home, case.installation, case.mandate)
    return case.desk


def _kept() -> dict[str, int]:
    """What stands in the record, by kind."""
    kinds = {"patients": Kind.DEMOGRAPHY, "dossiers": Kind.REQUISITION, "results": Kind.OBSERVATION}
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, count(*) FROM version GROUP BY kind")
        found = dict(cursor.fetchall())
    connections.close_all()
    return {name: found.get(kind, 0) for name, kind in kinds.items()}


def _told(kept: dict[str, int]) -> str:
    return "in the record: " + ", ".join(f"{count:,} {name}" for name, count in kept.items())


STAGES: Final = (
    Stage("an old laboratory is invented, and its columns are listed", _invent),
    Stage("a new installation is founded; the loader is enrolled and the mandate signed, by two people each", _found),
    Stage("the custodian starts in a process of its own", _serve),
    Stage("the source is profiled under the mandate", _profile),
    Stage("the map is checked, and a biologist signs it", _map),
    Stage("the load is rehearsed, and the privacy officer opens it", _rehearse),
    Stage("everything is loaded", _load),
    Stage("everything is loaded once more", _load_again),
    Stage("the loading ends", _finish),
    Stage("both sides are read again; two people sign that they agree", _reconcile),
    Stage("the way back is rehearsed; two people cut over, and the loader ends", _cut_over),
    Stage("what was staged is erased; two people sign the certificate, and the key is gone", _close),
    *(Stage(words, do) for words, do in outward.STAGES),
)

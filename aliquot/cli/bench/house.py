"""The laboratory that is measured: filled under a mandate, its custodian a process of its own."""

import gc
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import BinaryIO

from aliquot.access import door, governing
from aliquot.access.acts import PlaceOrder, ReceiveSpecimen
from aliquot.access.door import Actor
from aliquot.cli import founding, layout, scratch
from aliquot.cli.bench import processes
from aliquot.cli.bench.counting import Counted, Databases
from aliquot.cli.bench.ground import DEVICE, Ground
from aliquot.cli.bench.processes import Process
from aliquot.cli.demo import answering, loading, making, people, staff
from aliquot.cli.demo.answering import Sender
from aliquot.cli.demo.loading import Loader
from aliquot.cli.demo.people import Person
from aliquot.cli.scratch import Clock, Running, World
from aliquot.custody import forms
from aliquot.custody.changes import Founder
from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role
from aliquot.lab import numbers, orders, setting, specimens, statuses
from aliquot.lab.orders import Placed, Wanted
from aliquot.lab.setting import Setting
from aliquot.lab.specimens import Arrival, Checks
from aliquot.terms import clock, ids
from aliquot.terms.errors import Broken
from aliquot.terms.identity import Sex
from aliquot.terms.ids import Id, Org
from aliquot.terms.installation import Installation
from aliquot.terms.purposes import Purpose

TESTS = ("NA", "K", "CL", "UREA", "CREA", "CA", "PROT", "ALT", "AST", "GGT")
"""What each message reports: ten results of one tube."""

_EARLIER = timedelta(hours=2)
_SEED = 1500
_LABORATORY = staff.LABORATORIES[0]
_CODE = timedelta(seconds=30)

Told = Callable[[str, int], None]


class Present(Clock):
    """The real time: who needs another one-time code waits for it."""

    def __call__(self) -> datetime:
        """The present instant."""
        return clock.system()

    def pass_(self, time_: timedelta) -> None:
        """Wait."""
        time.sleep(time_.total_seconds())


@dataclass(frozen=True)
class Case:
    """One patient whose tube is in the laboratory, and what the analyser will say of it."""

    patient: Id
    placed: Placed
    message: bytes


@dataclass
class House:
    """The installation, its custodian, and the work that waits."""

    home: Path
    described: Installation
    lab: World
    custody: Process
    databases: Databases
    log: BinaryIO
    cases: list[Case]
    taken: int = 0

    def take(self, number: int) -> list[Case]:
        """Cases that no other figure has used.

        Raises:
            Broken: so many are not left.
        """
        if self.taken + number > len(self.cases):
            raise Broken("bench: the laboratory was built with too few cases")
        self.taken += number
        return self.cases[self.taken - number : self.taken]

    def sign_in(self, role: Role) -> tuple[Actor, Counted]:
        """Somebody in this role, on a line that is counted."""
        signed_in = self.lab.sign_in(_LABORATORY.who(role))
        line = Counted(self.described.custody.socket, "web")
        return replace(signed_in, line=line), line

    def worker(self) -> Counted:
        """The worker's line, counted."""
        work = self.described.work
        return Counted(self.described.custody.socket, "work", (work.name, layout.key(work.key)))

    @property
    def org(self) -> Org:
        """The laboratory that works."""
        return _LABORATORY.id

    @property
    def site(self) -> str:
        """Where it works."""
        return _LABORATORY.site


@contextmanager
def built(ground: Ground, cases: int, told: Told) -> Iterator[House]:
    """A laboratory in which so many tubes have been taken in, and its custodian serving."""
    passphrase = secrets.token_urlsafe(24)
    lab, made = _fill(ground, passphrase, cases, told)
    with (ground.home / "bench.log").open("wb") as log, ExitStack() as stack:
        process = processes.custody(ground.home, passphrase, log)
        stack.callback(process.stop)
        stack.callback(lab.hang_up)
        # What built the laboratory is none of the worker's memory: its collector is not to look at it again and again.
        gc.freeze()
        stack.callback(gc.unfreeze)
        yield House(ground.home, ground.described, lab, process, _databases(ground), log, made)


def _databases(ground: Ground) -> Databases:
    files = {"custody": ground.described.custody.database}
    if ground.server is None:
        files["record"] = ground.home / ground.described.record.name
    return Databases(files, ground.server)


def _fill(ground: Ground, passphrase: str, cases: int, told: Told) -> tuple[World, list[Case]]:
    described = ground.described
    at = Clock(clock.system() - _EARLIER)
    founders: dict[Org, Sequence[Founder]] = {each.id: each.founders() for each in staff.LABORATORIES}
    founded = founding.found(described, founders, founding.Secrecy(passphrase), at)
    founding.migrate()
    running = Running(ground.home, at, passphrase)
    lab = World(ground.home, described, at, {}, described.record.engine, running)
    try:
        lab.secrets.update(scratch.accept(described, founded, at))
        at.pass_(_CODE)
        _enrol(lab)
        made = list(_cases(lab, cases, told))
    finally:
        lab.hang_up()
        running.stop()
    return replace(lab, clock=Present(at())), made


def _enrol(lab: World) -> None:
    who = _LABORATORY.who(Role.ADMINISTRATOR)
    actor = lab.sign_in(who)
    meant = replace(door.intent(actor, lab.clock(), Purpose.HSYSADMIN), factor=lab.factor(who))
    governing.change(actor, forms.EnrolDevice(DEVICE, _LABORATORY.site), meant)


def _cases(lab: World, number: int, told: Told) -> Iterator[Case]:
    described = lab.installation.laboratories[0]
    where = Setting(making.publish(lab, _LABORATORY.who(Role.DIRECTOR)), setting.laboratory(described))
    rng = Random(_SEED)
    persons = _distinct(people.people(_SEED, 2 * number, lab.clock().date()))
    with loading.mandated(lab, _LABORATORY, where, 2 * number) as loader:
        for start in range(0, number, loading.AT_ONCE):
            some = [next(persons) for _ in range(min(loading.AT_ONCE, number - start))]
            known = _registered(loader, some)
            for patient, placed in _order(loader, [patient for patient, _ in known]):
                yield Case(patient, placed, _message(placed, where, lab.clock(), rng))
            told("tubes taken in", len(some))


def _registered(loader: Loader, persons: Sequence[Person]) -> Sequence[tuple[Id, Person]]:
    """Register them; where a file number that was drawn is taken, draw anew for the whole batch."""
    while True:
        try:
            return loading.register(loader, persons)
        except Denial as denial:
            if denial.code != "identifier-taken":
                raise


def _distinct(invented: Iterator[Person]) -> Iterator[Person]:
    """Of those who were invented with one national number, the first: nobody is registered twice."""
    seen: set[str] = set()
    for person in invented:
        if person.national_number not in seen:
            seen.add(person.national_number)
            yield person


def _order(loader: Loader, patients: Sequence[Id]) -> list[tuple[Id, Placed]]:
    at = loader.lab.clock()
    asked = [(PlaceOrder(patient, ids.new(loader.actor.org, at)), loader.meant()) for patient in patients]
    with door.enter_many(loader.actor, asked) as outcomes:
        placed = [
            (patient, orders.place(loading.granted(outcome), _wanted(loader), loader.where, at=at))
            for patient, outcome in zip(patients, outcomes, strict=True)
        ]
    received = [(ReceiveSpecimen(patient, each.requisition), loader.meant()) for patient, each in placed]
    with door.enter_many(loader.actor, received) as taken:
        for outcome, (_, each) in zip(taken, placed, strict=True):
            specimens.receive(loading.granted(outcome), _arrival(each, at), at=at)
    return placed


def _wanted(loader: Loader) -> Wanted:
    return Wanted(loader.laboratory.site, numbers.draw(), tests=TESTS, prescriber="Dr Exemple")


def _arrival(placed: Placed, at: datetime) -> Arrival:
    (tube,) = placed.tubes
    checks = Checks(tube.need.tube, readable=True, identity_agrees=True, enough=True)
    return Arrival(tube.specimen, tube.need.accession, statuses.Role.TECHNICIAN, at - timedelta(minutes=20), checks)


def _message(placed: Placed, where: Setting, at: datetime, rng: Random) -> bytes:
    (tube,) = placed.tubes
    seen = answering.Tube(tube.need.accession, Sex.FEMALE, "41 y", TESTS)
    return answering.message(seen, Sender(DEVICE, where.catalogue, tube.need.accession, at), rng, odd=False)

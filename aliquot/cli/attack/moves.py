"""A laboratory of the scratch installation that is being moved: what every attack on a migration begins with.

The procedure is written down here a second time, from the decision, so that a table that was changed in custody shows.
Source: docs/decisions/0011-how-a-laboratory-moves.md.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.access import acts, door, migrating
from aliquot.access.acts import Administer, ReadMigration, RunMigration, SignMandate, StepMigration
from aliquot.access.door import Actor
from aliquot.access.grant import Grant
from aliquot.cli.attack import plan, population
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.answers import Credential
from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role
from aliquot.custody.steps import Step
from aliquot.terms.ids import Id, Org
from aliquot.terms.mandates import Scope, Table
from aliquot.terms.purposes import Purpose
from aliquot.vault import bundle, mandate
from aliquot.vault.bundle import SenderKey
from aliquot.vault.mandate import MandateDocument

LASTS = timedelta(days=29)
_ANNEX = hashlib.sha256(b"the processing terms of a scratch installation").hexdigest()


@dataclass(frozen=True)
class Taken:
    """How a step is taken: in which state, to which, by whom, whether it brings evidence, and what it rests on."""

    state: str
    target: str
    people: tuple[str, ...] = ()
    brings: bool = False
    rests: str = ""


ROAD = {
    "profile": Taken("declared", "profiled", brings=True),
    "map": Taken("profiled", "mapped", ("biologist",), brings=True),
    "rehearse": Taken("mapped", "rehearsed", brings=True, rests="map"),
    "load": Taken("rehearsed", "loading", ("director",), rests="rehearse"),
    "finish": Taken("loading", "loaded", brings=True, rests="map"),
    "reconcile": Taken("loaded", "reconciled", ("biologist", "director"), brings=True, rests="finish"),
    "way-back": Taken("reconciled", "reconciled", brings=True, rests="reconcile"),
    "cut-over": Taken("reconciled", "cut-over", ("director", "privacy"), rests="reconcile"),
    "close": Taken("cut-over", "closed", ("director", "privacy"), brings=True, rests="reconcile"),
}
"""The steps of a migration that goes well, in their order."""
ASIDE = {"abort": Taken("", "aborted", ("privacy",)), "extend": Taken("", "", ("director", "privacy"))}
"""The steps that may be taken wherever a migration is not over."""
STEPS = {**ROAD, **ASIDE}
SMALL = Scope((Table("PATIENT", ("NUM", "NOM")),), date(2019, 1, 1), date(2020, 12, 31))


@dataclass
class Loader:
    """A service of one laboratory that moves others in."""

    world: World
    org: Org
    name: str
    key: Ed25519PrivateKey

    def actor(self) -> Actor:
        """The service in a session that has just begun."""
        line = self.world.service(self.name, self.key)
        return Actor(line, line.session().ticket, self.org)


@dataclass
class Move:
    """One migration."""

    loader: Loader
    mandate: Id

    def take(self, *steps: str) -> None:
        """Take steps as they should be taken."""
        for step in steps:
            if STEPS[step].people:
                self.sign(step, self.form(step))
            else:
                with self.running() as grant:
                    taken = STEPS[step]
                    migrating.step(grant, Step(step), evidence(step), evidence(taken.rests) if taken.rests else b"")

    def form(self, step: str) -> forms.StepMigration:
        """What people sign, with the evidence that belongs to it."""
        taken = STEPS[step]
        brought = evidence(step).hex() if taken.brings else ""
        rests = evidence(taken.rests).hex() if taken.rests else ""
        cut = self.cut() if step == Step.CUT_OVER else msgspec.UNSET
        return forms.StepMigration(self.mandate.hex(), Step(step), brought, rests, cut)

    def cut(self, ends: Iterable[Credential] = ()) -> forms.CutOver:
        """What a cut-over declares that ends these; a way back that was not rehearsed is named all the same."""
        back = evidence("way-back").hex()
        with self.looking() as grant:
            try:
                told = migrating.cutting(grant, self.mandate)
            except Denial:  # of a migration that is over nothing is told
                return forms.CutOver((), (), back)
        return migrating.cut(msgspec.structs.replace(told, back=back), ends)

    @contextmanager
    def running(self) -> Iterator[Grant[RunMigration]]:
        """The loader's own act, in a session that has just begun."""
        actor = self.loader.actor()
        meant = replace(door.intent(actor, self.loader.world.clock(), Purpose.HSYSADMIN), mandate=self.mandate)
        try:
            with door.enter(actor, RunMigration(acts.organization(actor.org)), meant) as grant:
                yield grant
        finally:
            actor.line.hang_up()

    def document(self) -> MandateDocument:
        """The signed mandate, read."""
        raw = self.signed().encode()
        return mandate.read(raw, mandate.key_of(raw))

    def signed(self) -> str:
        """The signed mandate, as the director hands it to the other side."""
        with self.looking() as grant:
            (told,) = migrating.state(grant, self.mandate)
        return told.document

    @contextmanager
    def looking(self) -> Iterator[Grant[ReadMigration]]:
        """The director looks at it."""
        world, director = self.loader.world, self.loader.world.sign_in(f"director@{plan.SITES[self.loader.org]}")
        meant = door.intent(director, world.clock(), Purpose.HSYSADMIN)
        with door.enter(director, ReadMigration(acts.organization(director.org)), meant) as grant:
            yield grant
        director.line.hang_up()

    def sign(self, step: str, form: forms.StepMigration) -> None:
        """People sign a step with this form."""
        world, site = self.loader.world, plan.SITES[self.loader.org]
        first, *others = (f"{login}@{site}" for login in STEPS[step].people)
        proposed = population.govern(world, first, form, StepMigration).id
        for other in others:
            approval = forms.Approve(proposed.hex(), forms.digest(form).hex())
            population.govern(world, other, approval, StepMigration)


def enrolled(world: World, org: Org, name: str = "mover") -> Loader:
    """A loader, wanted by two people."""
    key, site = Ed25519PrivateKey.generate(), plan.SITES[org]
    public = key.public_key().public_bytes_raw()
    service = forms.EnrolService(name, Role.LOADER, public, world.clock() + 2 * LASTS)
    population.together(world, (f"administrator@{site}", f"director@{site}"), service, Administer)
    return Loader(world, org, name, key)


def declared(loader: Loader, sender: SenderKey | str, scope: Scope = SMALL, allowed: int = 100) -> Move:
    """A migration whose mandate a director and a privacy officer have signed; a sender may be named by its print."""
    world, site = loader.world, plan.SITES[loader.org]
    until = world.clock() + LASTS
    named = sender if isinstance(sender, str) else bundle.fingerprint(sender.public())
    form = forms.SignMigration("a move", "the old laboratory", _ANNEX, scope, loader.name, allowed, until, named)
    signed = population.together(world, (f"director@{site}", f"privacy@{site}"), form, SignMandate)
    return Move(loader, Id(signed))


def until(move: Move, last: str) -> None:
    """Take every step of the road up to this one."""
    names = [*ROAD]
    move.take(*names[: names.index(last) + 1])


def evidence(step: str) -> bytes:
    """The evidence that a step brings in these attacks."""
    return hashlib.sha256(step.encode()).digest()

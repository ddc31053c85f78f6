"""The loader at work: its key, its line to custody, and the migration that it works for."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec

from aliquot.access import acts, door, migrating
from aliquot.access.acts import ReadMigration
from aliquot.access.custodian import Line
from aliquot.access.door import Actor
from aliquot.access.grant import Grant
from aliquot.cli import home, layout
from aliquot.cli.legacy import advice, folder, keys
from aliquot.custody.answers import Migration
from aliquot.custody.steps import RULES, State, Step
from aliquot.lab import catalogues, setting
from aliquot.lab.setting import Setting
from aliquot.legacy import papers
from aliquot.legacy.entrance import Leave
from aliquot.legacy.papers import Form
from aliquot.terms import clock, ids
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id, Org
from aliquot.terms.installation import Installation, Laboratory
from aliquot.terms.mandates import Scope
from aliquot.terms.purposes import Purpose
from aliquot.vault import mandate as mandates

T = TypeVar("T", bound=msgspec.Struct)


@dataclass
class Loader:
    """A loader under one mandate. `folder` is where its migration keeps what it needs between two words."""

    installation: Installation
    actor: Actor
    mandate: Id
    folder: Path

    @cached_property
    def leave(self) -> Leave:
        """Its leave to load, with what the laboratory works with."""
        where = Setting(catalogues.current(self.actor, clock.system()), setting.laboratory(self.laboratory))
        return Leave(self.actor, self.mandate, where, clock.system)

    @property
    def laboratory(self) -> Laboratory:
        """The laboratory that it works for."""
        return next(each for each in self.installation.laboratories if each.org == self.actor.org.hex())

    @cached_property
    def scope(self) -> Scope:
        """What two people have signed may be read."""
        raw = self.told().document.encode()
        return mandates.read(raw, mandates.key_of(raw)).scope

    @contextmanager
    def looking(self) -> Iterator[Grant[ReadMigration]]:
        """Its leave to ask how far the migration is."""
        meant = replace(door.intent(self.actor, clock.system(), Purpose.HOPERAT), mandate=self.mandate)
        with door.enter(self.actor, ReadMigration(acts.organization(self.actor.org)), meant) as grant:
            yield grant

    def told(self) -> Migration:
        """How far the migration is, as custody tells it now."""
        with self.looking() as grant:
            found = migrating.state(grant, self.mandate)
        if not found:
            raise Refused("this mandate moves no laboratory; `aliquot legacy show --login NAME` lists those that do")
        return found[0]

    def put(self, form: Form[T], content: T) -> None:
        """Put a paper of the migration down in the record, where those who sign it read it."""
        with self.leave.running() as grant:
            papers.put(grant, self.mandate, form, content)

    def step(self, taken: Step, evidence: str) -> State:
        """Report a step of the loader's own, resting on what is in force."""
        rests = RULES[taken].rests
        resting = in_force(self.told(), rests) if rests else ""
        with self.leave.running() as grant:
            return migrating.step(grant, taken, bytes.fromhex(evidence), bytes.fromhex(resting))


def in_force(told: Migration, step: Step) -> str:
    """The digest of the evidence of a step, as it is in force; nothing, if the step was not taken."""
    return next((one.evidence for one in reversed(told.steps) if one.step == step), "")


@contextmanager
def at_work(chosen: argparse.Namespace, mandate: str) -> Iterator[Loader]:
    """A loader, signed in with its key. Django knows the installation (`founding.configure`).

    Raises:
        Refused: there is no key, or custody does not know it, or this is no mandate; with what to do.
    """
    installation = home.read(chosen.home)
    identity = id_of(mandate)
    name = keys.name(chosen.home, chosen.loader)
    line = Line(installation.custody.socket, "work", (name, layout.key(keys.file(chosen.home, name))))
    with advice.given(identity.hex(), ended=folder.has_way_back(chosen.home, identity.hex())):
        try:
            opened = line.session()
            where = folder.of(chosen.home, identity.hex())
            yield Loader(installation, Actor(line, opened.ticket, Org(opened.org)), identity, where)
        finally:
            line.hang_up()


def id_of(mandate: str) -> Id:
    """The id of a mandate as people type it.

    Raises:
        Refused: it is none.
    """
    try:
        return ids.parse(mandate)
    except ValueError:
        raise Refused(
            "the id of a mandate is 32 hexadecimal digits; `aliquot legacy show --login NAME` gives it"
        ) from None

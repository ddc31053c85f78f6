"""The people of the demonstration sign: two found the migration, and each step has its own who answers for it."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from aliquot.access import acts, door, governing, migrating, people
from aliquot.access.acts import CompareDossier, ReadMigration, StepMigration
from aliquot.access.custodian import Line
from aliquot.access.door import Actor, Intent
from aliquot.access.migrating import Judgement
from aliquot.cli import layout, scratch
from aliquot.cli.demo import codes, loading, making
from aliquot.cli.demo.move import answers
from aliquot.cli.demo.staff import Laboratory
from aliquot.cli.legacy import keys
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.protocol import Factor, SignIn
from aliquot.custody.roles import Role
from aliquot.custody.steps import Step
from aliquot.legacy import sampling
from aliquot.terms import clock, ids
from aliquot.terms.ids import Id, Org
from aliquot.terms.installation import Installation
from aliquot.terms.papers import Reason
from aliquot.terms.purposes import Purpose

LOADER = "mover"
_LASTS = timedelta(days=20)
_TERMS = hashlib.sha256(b"the processing terms of the demonstration").hexdigest()


def mandate(lab: World, laboratory: Laboratory, patients: int) -> Id:
    """A catalogue in force, the loader enrolled, the mandate signed: two people for each of the last two."""
    administrator, director, officer = map(laboratory.who, (Role.ADMINISTRATOR, Role.DIRECTOR, Role.PRIVACY_OFFICER))
    making.publish(lab, director)
    key = layout.key(keys.file(lab.home, LOADER)).public_key().public_bytes_raw()
    until = lab.clock() + _LASTS
    loading.agree(lab, (administrator, director), forms.EnrolService(LOADER, Role.LOADER, key, until))
    form = forms.SignMigration("moving in", "the old laboratory", _TERMS, answers.scope(), LOADER, patients, until)
    return Id(loading.agree(lab, (director, officer), form))


@dataclass(frozen=True)
class Desk:
    """Where people of the demonstration sign steps, with codes that they draw.

    Each signs in once and stays, for the next code takes half a minute.
    """

    home: Path
    installation: Installation
    mandate: Id
    seats: dict[str, Actor] = field(default_factory=dict)

    def sign_both(self, who: tuple[str, str], step: Step, *, evidence: str = "", rests: str = "") -> None:
        """Two people answer for a step: the first proposes, the second approves."""
        self._together(who, forms.StepMigration(self.mandate.hex(), step, evidence, rests))

    def compare(self, who: str) -> int:
        """Somebody lays each dossier that custody drew beside the old system's words; the answer is how many agree."""
        actor = self.seats.get(who) or self._sign_in(who)
        with door.enter(actor, ReadMigration(acts.organization(actor.org)), self._meant(actor)) as grant:
            drawn = migrating.sample(grant, self.mandate).dossiers
        agree = 0
        for one in drawn:
            patient, work = ids.parse(one.patient), ids.parse(one.work)
            with door.enter(actor, CompareDossier(patient, work), self._meant(actor)) as opened:
                beside = sampling.look(opened)
            reason = Reason.NONE if all(pair.ours for pair in beside.pairs) else Reason.MISSING
            migrating.judge(actor, Judgement(patient, work, reason), self._meant(actor))
            agree += reason is Reason.NONE
        return agree

    def cut_over(self, who: tuple[str, str], reconciliation: str) -> forms.CutOver:
        """Two people cut over; nothing ends but the loader, and all that stays is in the answer."""
        actor = self.seats.get(who[0]) or self._sign_in(who[0])
        meant = door.intent(actor, clock.system(), Purpose.HSYSADMIN)
        with door.enter(actor, ReadMigration(acts.organization(actor.org)), meant) as grant:
            cut = migrating.cut(migrating.cutting(grant, self.mandate))
        form = forms.StepMigration(self.mandate.hex(), Step.CUT_OVER, rests=reconciliation, cut=cut)
        self._together(who, form)
        return cut

    def sign(self, who: str, step: Step, *, evidence: str = "", rests: str = "") -> None:
        """Somebody answers for a step with a fresh factor."""
        self._answer(who, forms.StepMigration(self.mandate.hex(), step, evidence, rests))

    def _together(self, who: tuple[str, str], form: forms.StepMigration) -> None:
        proposed = self._answer(who[0], form)
        self._answer(who[1], forms.Approve(proposed.hex(), forms.digest(form).hex()))

    def _answer(self, who: str, form: forms.Form) -> bytes:
        actor = self.seats.get(who) or self._sign_in(who)
        meant = door.intent(actor, clock.system(), Purpose.HSYSADMIN)
        factor = Factor(code=codes.draw(self.home, who))
        return governing.change(actor, form, replace(meant, factor=factor), desk=StepMigration).id

    def _meant(self, actor: Actor) -> Intent:
        return door.intent(actor, clock.system(), Purpose.HOPERAT)

    def _sign_in(self, who: str) -> Actor:
        line = Line(self.installation.custody.socket, "web")
        opened = people.sign_in(line, SignIn(who, scratch.PASSWORD, codes.draw(self.home, who), "demonstration"))
        self.seats[who] = Actor(line, opened.ticket, Org(opened.org))
        return self.seats[who]

    def close(self) -> None:
        """Everybody signs out."""
        for actor in self.seats.values():
            people.sign_out(actor)
            actor.line.hang_up()
        self.seats.clear()

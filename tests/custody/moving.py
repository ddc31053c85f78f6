"""A laboratory that is being moved: its mandate signed by two people, its loader at work, its steps taken or tried."""

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, timedelta

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.access import acts, door, governing, migrating
from aliquot.access.acts import CompareDossier, ReadMigration, RunMigration, SignMandate
from aliquot.access.door import Actor
from aliquot.access.grant import Grant
from aliquot.access.migrating import Judgement
from aliquot.cli.scratch import World
from aliquot.custody import answers, forms
from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role
from aliquot.custody.steps import OVER, State, Step
from aliquot.terms import ids
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id
from aliquot.terms.mandates import Scope, Table
from aliquot.terms.papers import Reason
from aliquot.vault import mandate
from aliquot.vault.bundle import SenderKey
from aliquot.vault.mandate import MandateDocument
from tests.custody.speaker import Speaker
from tests.plan import NORD

SCOPE = Scope(
    (
        Table("PATIENT", ("NUM", "NOM", "PRENOM", "DDN", "NIR", "SITE"), sited="SITE"),
        Table("RESULTAT", ("NUM", "ANA", "VAL", "DATE", "SITE"), dated="DATE", sited="SITE"),
    ),
    date(2019, 1, 1),
    date(2020, 12, 31),
    ("NORD",),
)
ANNEX = hashlib.sha256(b"the processing terms").hexdigest()
SENDER = SenderKey.generate()
LOADER = "mover"
PEOPLE = {
    "map": ("biologist@nord",),
    "load": ("director@nord",),
    "reconcile": ("biologist@nord", "director@nord"),
    "cut-over": ("director@nord", "privacy@nord"),
    "close": ("director@nord", "privacy@nord"),
    "abort": ("privacy@nord",),
    "extend": ("director@nord", "privacy@nord"),
}
ROAD = ("profile", "map", "rehearse", "load", "finish", "reconcile", "way-back", "cut-over", "close")
"""The steps of a migration that goes well, in their order."""
PAUL = Demography("Dupont", ("Paul",), date(1950, 6, 7), Sex.MALE)


def evidence(of: str) -> bytes:
    """Some evidence of a step."""
    return hashlib.sha256(of.encode()).digest()


@dataclass
class Move:
    """One migration, and those who take part in it."""

    lab: World
    mandate: Id
    loader: Actor

    def step(self, step: str, brought: str = "", rests: str | None = None) -> State:
        """Take a step as it should be taken."""
        if step in PEOPLE:
            return self.signed(step, PEOPLE[step], brought, rests)
        on = {"rehearse": "map", "finish": "map", "way-back": "reconcile"}
        kept = on.get(step, "") if rests is None else rests
        with self.run() as grant:
            resting = self.in_force(kept) if rests is None and kept else evidence(rests) if rests else b""
            return migrating.step(grant, Step(step), evidence(brought or step), resting)

    def signed(self, step: str, people: Sequence[str], brought: str = "", rests: str | None = None) -> State:
        """People sign a step: the first proposes, the second approves."""
        if step == Step.RECONCILE:
            for who in people:
                compare(self.lab, self.mandate, who)
        form = self.form(step, brought, rests)
        proposed = self.govern(people[0], form)
        if len(people) > 1:
            self.govern(people[1], forms.Approve(proposed.hex(), forms.digest(form).hex()))
        return self.state()

    def form(self, step: str, brought: str = "", rests: str | None = None) -> forms.StepMigration:
        """The form of a step with the evidence that belongs to it."""
        bring = step in {"map", "reconcile", "close"}
        on = {"load": "rehearse", "reconcile": "finish", "cut-over": "reconcile", "close": "reconcile"}.get(step, "")
        resting = evidence(rests).hex() if rests else self.in_force(on).hex() if on and rests is None else ""
        digest = evidence(brought or step).hex() if bring else ""
        cut = self.cut() if step == Step.CUT_OVER and self.state() not in OVER else msgspec.UNSET
        return forms.StepMigration(self.mandate.hex(), Step(step), digest, resting, cut)

    def cut(self, *ends: answers.Credential) -> forms.CutOver:
        """What a cut-over declares that ends these; a way back that was not rehearsed is named all the same."""
        told = self.cutting()
        return migrating.cut(msgspec.structs.replace(told, back=told.back or evidence("no way back").hex()), ends)

    def cutting(self) -> answers.Cutting:
        """What the director sees before the cut-over."""
        director = self.lab.sign_in("director@nord")
        meant = door.intent(director, self.lab.clock(), "HSYSADMIN")
        with door.enter(director, ReadMigration(acts.organization(NORD)), meant) as grant:
            return migrating.cutting(grant, self.mandate)

    def govern(self, who: str, form: forms.Form) -> bytes:
        """Somebody signs a form with a fresh factor."""
        return govern(self.lab, who, form, acts.StepMigration)

    def in_force(self, step: str) -> bytes:
        """The evidence of a step as it is in force."""
        found = [one.evidence for one in self.told().steps if one.step == step]
        return bytes.fromhex(found[-1]) if found else b""

    def until(self, last: str) -> "Move":
        """Take every step of the road up to this one."""
        for step in ROAD[: ROAD.index(last) + 1]:
            self.step(step)
        return self

    def run(self, mandate_: bytes | None = None) -> "AbstractContextManager[Grant[RunMigration]]":
        """The loader's own act, in a session that is not too old."""
        self.loader.line.hang_up()
        self.loader = replace(self.loader, ticket=self.loader.line.session().ticket)
        meant = replace(
            door.intent(self.loader, self.lab.clock(), "HSYSADMIN"),
            mandate=self.mandate if mandate_ is None else mandate_,
        )
        return door.enter(self.loader, RunMigration(acts.organization(NORD)), meant)

    def told(self) -> answers.Migration:
        """How far it is, as the director sees it."""
        director = self.lab.sign_in("director@nord")
        meant = door.intent(director, self.lab.clock(), "HSYSADMIN")
        with door.enter(director, ReadMigration(acts.organization(NORD)), meant) as grant:
            (found,) = migrating.state(grant, self.mandate)
        return found

    def state(self) -> State:
        """The state that it is in, from custody's own table."""
        row = self.row("SELECT state FROM migration WHERE mandate = ?", self.mandate)
        return State(str(row[0]))

    def document(self) -> MandateDocument:
        """The signed mandate."""
        raw = self.told().document.encode()
        return mandate.read(raw, mandate.key_of(raw))

    def row(self, query: str, *values: object) -> tuple[object, ...]:
        """One row of custody's database."""
        found: tuple[object, ...] = self.lab.custodian.custodian.store.db.execute(query, values).fetchone()
        return found

    def speaker(self) -> Speaker:
        """The loader as a process that speaks the protocol itself."""
        return Speaker(self.lab, self.loader.line, self.loader.ticket, NORD)

    def let_pass(self, **time: float) -> None:
        """Let time pass on both clocks, and custody notice it."""
        self.lab.clock.pass_(timedelta(**time))
        self.lab.custodian.tick()


def mandate_form(lab: World, **changed: object) -> forms.SignMigration:
    """The mandate that is signed unless a test wants another."""
    until = lab.clock() + timedelta(days=20)
    form = forms.SignMigration("reprise", "ancien", ANNEX, SCOPE, LOADER, 100, until, "")
    return msgspec.structs.replace(form, **changed)


def govern(lab: World, who: str, form: forms.Form, desk: type[governing.Desk]) -> bytes:
    """Somebody signs a form with a fresh factor."""
    actor = lab.sign_in(who)
    meant = replace(door.intent(actor, lab.clock(), "HSYSADMIN"), factor=lab.factor(who))
    return governing.change(actor, form, meant, desk=desk).id


def sampled(lab: World, mandate_: Id, who: str = "biologist@nord") -> tuple[answers.Sampled, ...]:
    """The dossiers that custody drew, as somebody sees them."""
    actor = lab.sign_in(who)
    with door.enter(actor, ReadMigration(acts.organization(NORD)), door.intent(actor, lab.clock(), "HOPERAT")) as grant:
        return migrating.sample(grant, mandate_).dossiers


def compare(lab: World, mandate_: Id, who: str, reason: Reason = Reason.NONE) -> None:
    """Somebody looks at every dossier that custody drew, and says of each the same."""
    actor = lab.sign_in(who)
    for one in sampled(lab, mandate_):
        patient, work = ids.parse(one.patient), ids.parse(one.work)
        with door.enter(actor, CompareDossier(patient, work), door.intent(actor, lab.clock(), "HOPERAT")):
            pass
        migrating.judge(actor, Judgement(patient, work, reason), door.intent(actor, lab.clock(), "HOPERAT"))


def refusal(lab: World, who: str, form: forms.Form, desk: type[governing.Desk] = SignMandate) -> str:
    """The code with which a form is refused, or nothing."""
    try:
        govern(lab, who, form, desk)
    except Denial as denial:
        return denial.code
    return ""


def loader(lab: World, name: str = LOADER) -> Actor:
    """A loader of the first laboratory, enrolled by two people."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    form = forms.EnrolService(name, Role.LOADER, public, lab.clock() + timedelta(days=60))
    proposed = govern(lab, "administrator@nord", form, acts.Administer)
    govern(lab, "director@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()), SignMandate)
    line = lab.service(name, key)
    return Actor(line, line.session().ticket, NORD)


def declared(lab: World, actor: Actor | None = None, **changed: object) -> Move:
    """A migration whose mandate a director and a privacy officer have signed."""
    moving = actor or loader(lab)
    form = mandate_form(lab, **changed)
    proposed = govern(lab, "director@nord", form, SignMandate)
    govern(lab, "privacy@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()), SignMandate)
    return Move(lab, Id(proposed), moving)

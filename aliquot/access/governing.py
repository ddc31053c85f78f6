"""Changes of who may do what, and questions about who did: acts about the organization, answered by custody."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import msgspec

from aliquot.access import acts, door, erasing
from aliquot.access.acts import (
    Act,
    Administer,
    ReadHistory,
    ReadStaff,
    ReviewNotice,
    SettleActs,
    SignMandate,
    StepMigration,
    WatchBudgets,
)
from aliquot.access.door import Actor, Intent
from aliquot.access.grant import Grant
from aliquot.custody import answers, forms
from aliquot.custody.protocol import Answered, Ask, Govern, Governed
from aliquot.terms import canonical
from aliquot.terms.ids import Id

S = TypeVar("S", bound=msgspec.Struct)
Desk = Administer | SignMandate | StepMigration
_DESKS: dict[type[forms.Form], type[Desk]] = {
    forms.SignMandate: SignMandate,
    forms.SignMigration: SignMandate,
    forms.SignExport: SignMandate,
    forms.AcknowledgeLost: SignMandate,
    forms.StepMigration: StepMigration,
    forms.ShredPatient: SignMandate,
    forms.PlaceHold: SignMandate,
    forms.LiftHold: SignMandate,
}
"""Where a form is signed that the administrator does not sign."""


def change(actor: Actor, form: forms.Form, meant: Intent, *, desk: type[Desk] | None = None) -> Governed:
    """Propose, approve or reject a change; the fresh factor in `meant` covers this very form.

    `desk` names the act where the form does not: a director or a privacy officer approves at the desk of mandates.

    Raises:
        Denial: custody says no; a change that needs two people is `waiting` and no error.
    """
    act = desk or _DESKS.get(type(form), Administer)
    covered = replace(meant, digest=forms.digest(form))
    with door.enter(actor, act(acts.organization(actor.org)), covered) as grant:
        governed = actor.line.ask(Govern(grant.token, type(form).__name__, canonical.encode(form)), Governed)
    if governed.erased:
        erasing.signed(governed.erased)
    return governed


def ask(grant: Grant[Act], question: str, form: Mapping[str, str | int], says: type[S]) -> S:
    """Ask custody a question of this act; the answer is of the form that custody documents for it."""
    answered = grant.line.ask(Ask(grant.token, question, canonical.encode(form)), Answered)
    return msgspec.json.decode(answered.body, type=says)


def who_opened(grant: Grant[ReadHistory], patient: Id) -> answers.Openings:
    """Who opened a patient's records: newest first."""
    return ask(grant, "who-opened", {"patient": patient.hex()}, answers.Openings)


def checkpoint(grant: Grant[ReadHistory]) -> answers.Checkpoint:
    """How far the laboratory's history reaches."""
    return ask(grant, "checkpoint", {}, answers.Checkpoint)


def notices(grant: Grant[ReviewNotice]) -> answers.Notices:
    """What the privacy desk must see."""
    return ask(grant, "notices", {}, answers.Notices)


def acknowledge(grant: Grant[ReviewNotice], notice: int) -> answers.Notices:
    """Somebody has seen a notice; it stays."""
    return ask(grant, "acknowledge", {"notice": notice}, answers.Notices)


def lost(grant: Grant[ReviewNotice]) -> answers.Lost:
    """Work that was lost, and that two officers have not acknowledged."""
    return ask(grant, "lost", {}, answers.Lost)


def budgets(grant: Grant[WatchBudgets]) -> answers.Budgets:
    """How full the budgets are."""
    return ask(grant, "budgets", {}, answers.Budgets)


def people(grant: Grant[ReadStaff]) -> answers.Accounts:
    """Who works here, what is enrolled, and what waits for a second person."""
    return ask(grant, "people", {}, answers.Accounts)


def kept(grant: Grant[SettleActs], after: str) -> answers.KeptPage:
    """A page of what custody knows to be kept, for the state check; `after` is the last id of the page before."""
    return ask(grant, "kept", {"after": after}, answers.KeptPage)

"""Everything that a hostile web process can lie about with a session that is alive. Each lie is told about one patient.

A lie answers whether it showed somebody new. Whatever custody denies is simply the end of that lie.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from aliquot.cli.attack import plan
from aliquot.cli.attack.thief import Thief
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import (
    Act,
    Answered,
    Ask,
    Done,
    End,
    Ending,
    Factor,
    Find,
    Found,
    Govern,
    Governed,
    Granted,
    Prepare,
    Prepared,
    Write,
    Writing,
)
from aliquot.custody.roles import Role
from aliquot.lab.content import OrderItem, Requisition
from aliquot.terms import canonical, ids
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose

_NOBODY = Demography("Personne", ("Ada",), date(1950, 1, 1), Sex.UNKNOWN)


@dataclass(frozen=True)
class Victim:
    """A live session: its ticket, and where its person works."""

    ticket: bytes
    org: Org
    login: str


@dataclass(frozen=True)
class Target:
    """A patient whom the thief wants, with the birth date that it happens to know."""

    patient: Id
    born_on: date


Lie = Callable[[Thief, Victim, Target], None]


def loop(thief: Thief, victim: Victim, target: Target) -> None:
    """Simply opens."""
    names = ("OpenIdentity", "OpenDossier", "ReadReport")
    thief.try_(victim.ticket, [thief.act(name, target.patient) for name in names])


def order_then_open(thief: Thief, victim: Victim, target: Target) -> None:
    """Places an order that nobody asked for, says that it was kept, and opens."""
    _order(thief, victim, target.patient, "kept")
    loop(thief, victim, target)


def order_with_a_letter(thief: Thief, victim: Victim, target: Target) -> None:
    """Says that an analyser's letter caused the order, which would confirm it."""
    _order(thief, victim, target.patient, "kept", letter=1)
    loop(thief, victim, target)


def order_and_abandon(thief: Thief, victim: Victim, target: Target) -> None:
    """Places an order, looks, and says that the database did not keep it."""
    _order(thief, victim, target.patient, "abandoned")


def search_then_order(thief: Thief, victim: Victim, target: Target) -> None:
    """Searches for the birth date, shows all who were found, and orders for one."""
    found = _search(thief, victim, target)
    if found:
        _order(thief, victim, found[0], "kept")


def search_then_register(thief: Thief, victim: Victim, target: Target) -> None:
    """Searches, shows all who were found, and registers somebody who does not exist."""
    _search(thief, victim, target)
    patient = thief.id(target.patient)
    act = thief.act("RegisterPatient", patient, Purpose.PATADMIN)
    (granted,) = thief.try_(victim.ticket, [act])
    if granted is not None:
        write = Write(Kind.DEMOGRAPHY, thief.id(patient), 1, 1, "known", (), 0, canonical.encode(_NOBODY))
        _end(thief, victim, act, Writing(granted.grant, (write,)), "kept")


def break_the_glass(thief: Thief, victim: Victim, target: Target) -> None:
    """Breaks the glass with a reason, and with no factor or an invented one."""
    act = thief.act("OpenDossier", target.patient, Purpose.BTG, reason="emergency")
    invented = Act(thief.id(target.patient), *_as(act), reason=act.reason, factor=Factor(code="000000"))
    thief.try_(victim.ticket, [act, invented])


def critical_call(thief: Thief, victim: Victim, target: Target) -> None:
    """Says that a critical value has to be telephoned."""
    reason = "potassium 7.1, call at once"
    names = ("OpenIdentity", "OpenDossier")
    thief.try_(victim.ticket, [thief.act(name, target.patient, Purpose.TREAT, reason=reason) for name in names])
    thief.try_(victim.ticket, [thief.act(name, target.patient, Purpose.HLEGAL, reason=reason) for name in names])


def new_user(thief: Thief, victim: Victim, target: Target) -> None:
    """Enrols somebody, to have a bucket more."""
    until = thief.clock() + timedelta(days=30)
    _govern(thief, victim, forms.EnrolPerson(thief.id(target.patient).hex()[-8:], "Nobody", until))


def new_role(thief: Thief, victim: Victim, target: Target) -> None:
    """Grants the person of this session a roomier role."""
    person = thief.id(target.patient).hex()
    _govern(thief, victim, forms.GrantRole(person, Role.BIOLOGIST, plan.SITES[victim.org]))


LIES: tuple[Lie, ...] = (
    loop,
    order_then_open,
    search_then_order,
    search_then_register,
    order_and_abandon,
    order_with_a_letter,
    break_the_glass,
    critical_call,
    new_user,
    new_role,
)


def _search(thief: Thief, victim: Victim, target: Target) -> list[bytes]:
    act = thief.act("FindPatient", Id(victim.org + bytes(12)), Purpose.PATADMIN)
    (granted,) = thief.try_(victim.ticket, [act])
    if granted is None:
        return []
    found = thief.client.ask(Find(granted.grant, target.born_on), Found)
    hits = [hit.patient for hit in found.hits]
    if hits:
        thief.try_(victim.ticket, [thief.act("ShowCandidate", hit, Purpose.PATADMIN) for hit in hits])
    return hits


def _order(
    thief: Thief, victim: Victim, patient: bytes, outcome: Literal["kept", "abandoned"], letter: int = 0
) -> None:
    work, item = thief.id(patient), thief.id(patient)
    act = Act(thief.id(patient), "PlaceOrder", patient, Purpose.TREAT, work=work, letter=letter)
    (granted,) = thief.try_(victim.ticket, [act])
    if granted is not None:
        asked = Requisition("0", "", "", thief.clock(), 1, Sex.UNKNOWN, "1 y", "stat")
        site = plan.SITES[victim.org]
        writes = (
            Write(Kind.REQUISITION, work, 1, 1, "open", (), 0, canonical.encode(asked), site=site),
            Write(Kind.ORDER, item, 1, 1, "active", (work,), 0, canonical.encode(OrderItem("GLU", "", "stat"))),
        )
        _end(thief, victim, act, Writing(granted.grant, writes), outcome)
        thief.try_(victim.ticket, [thief.act("PrintLabels", patient, work=work)])


def _end(thief: Thief, victim: Victim, act: Act, writing: Writing, outcome: Literal["kept", "abandoned"]) -> None:
    try:
        thief.client.ask(Prepare((writing,)), Prepared)
        thief.client.ask(End(victim.ticket, (Ending(act.id, outcome),)), Done)
    except Denial:
        return


def _govern(thief: Thief, victim: Victim, form: forms.Form) -> None:
    organization = Id(victim.org + bytes(12))
    for factor in (None, Factor(code="000000")):
        act = Act(
            ids.new(victim.org, thief.clock()),
            "Administer",
            organization,
            Purpose.HSYSADMIN,
            digest=forms.digest(form),
            factor=factor,
        )
        (granted,) = thief.try_(victim.ticket, [act])
        if granted is not None:
            _try_to_govern(thief, granted, form)


def _try_to_govern(thief: Thief, granted: Granted, form: forms.Form) -> None:
    try:
        thief.client.ask(Govern(granted.grant, type(form).__name__, canonical.encode(form)), Governed)
        thief.client.ask(Ask(granted.grant, "people", b"{}"), Answered)
    except Denial:
        return


def _as(act: Act) -> tuple[str, bytes, str]:
    return act.name, act.subject, act.purpose

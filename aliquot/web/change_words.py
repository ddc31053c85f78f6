"""A change of who may do what, in words: what the one who asks confirms, and what the second person reads.

Everything that the form says is told, and nothing else: an approver sees exactly what would come into force.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aliquot.custody import forms
from aliquot.custody.answers import Accounts, Credential, LostAct
from aliquot.custody.forms import Change
from aliquot.custody.steps import Step
from aliquot.terms.mandates import Table
from aliquot.vault import bundle, mandate
from aliquot.web import history_words, titles

Words = str | Promise
Fact = tuple[Words, Words]


STEPS: dict[Step, Words] = {
    Step.PROFILE: _("profile the source"),
    Step.MAP: _("sign the map"),
    Step.REHEARSE: _("rehearse"),
    Step.LOAD: _("begin to load"),
    Step.FINISH: _("finish loading"),
    Step.RECONCILE: _("sign the reconciliation"),
    Step.WAY_BACK: _("rehearse the way back"),
    Step.CUT_OVER: _("cut over"),
    Step.CLOSE: _("close, and destroy what was staged"),
    Step.ABORT: _("abort, and destroy what was staged"),
    Step.EXTEND: _("keep what is staged for 72 hours more"),
}
ERASED_FOR: dict[str, Words] = {
    "request": _("the patient asks for it"),
    "retention": _("the time of keeping is over"),
    "court": _("a court or an authority orders it"),
    "mistake": _("it should never have been kept"),
}
CREDENTIALS: dict[str, Words] = {
    "device": _("device"),
    "listener": _("listener"),
    "person": _("person"),
    "service": _("service"),
}
HELD_FOR: dict[str, Words] = {
    "litigation": _("a lawsuit"),
    "authority": _("an authority asks for it"),
    "complaint": _("a complaint"),
}

TOLD_OF_STAFF: dict[bool, Words] = {
    False: _("does not leave"),
    True: _("leaves too, for these days: roles and pseudonyms of the staff, no names"),
}
HARMS: dict[str, Words] = {
    "normal": _("neither sensitive nor restricted results"),
    "sensitive": _("sensitive results, no restricted ones"),
    "restricted": _("restricted results too"),
}


@dataclass(frozen=True)
class Told:
    """One change: what it does, and each of its fields. `grave` asks for a second look."""

    title: Words
    facts: tuple[Fact, ...]
    grave: bool = False


def told(change: Change, accounts: Accounts, zone: ZoneInfo) -> Told:
    """The words of one change. People and mandates are named as custody knows them; others stay a reference."""
    names = {one.person: f"{one.name} ({one.login})" for one in accounts.accounts}
    names |= {one.id: f"{one.purpose} ({one.service})" for one in accounts.mandates}
    return WORDS[type(change)](change, names, zone)


def _enrol(change: forms.EnrolPerson, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    return Told(
        _("Enrol a person"),
        ((_("Name"), change.name), (_("Login"), change.login), (_("Until"), _day(change.until, zone))),
    )


def _renew(change: forms.RenewPerson, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    return Told(_("Somebody stays longer"), (_person(change.person, names), (_("Until"), _day(change.until, zone))))


def _end_person(change: forms.EndPerson, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    return Told(_("Somebody leaves: sessions, factors and roles end"), (_person(change.person, names),), grave=True)


def _reset(change: forms.ResetFactors, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    return Told(_("Reset somebody's password and codes"), (_person(change.person, names),), grave=True)


def _grant(change: forms.GrantRole, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    until = _day(change.until, zone) if change.until else str(_("as long as the person stays"))
    return Told(_("Grant a role"), (_person(change.person, names), *_role(change), (_("Until"), until)), grave=True)


def _end_role(change: forms.EndRole, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    return Told(_("End a role"), (_person(change.person, names), *_role(change)))


def _enrol_device(change: forms.EnrolDevice, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    return Told(_("Enrol an analyser or other device"), ((_("Name"), change.name), (_("Site"), change.site)))


def _end_device(change: forms.EndDevice, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    return Told(_("A device is gone"), ((_("Name"), change.name),))


def _enrol_service(change: forms.EnrolService, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    facts = (
        (_("Name"), change.name),
        (_("Role"), titles.of(change.role)),
        (_("Public key"), change.public_key.hex()),
        (_("Until"), _day(change.until, zone)),
    )
    return Told(_("Enrol a service that works on its own account"), facts, grave=True)


def _end_service(change: forms.EndService, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    return Told(_("End a service"), ((_("Name"), change.name),), grave=True)


def _enrol_listener(change: forms.EnrolListener, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    facts = ((_("Name"), change.name), (_("Public key"), change.public_key.hex()))
    return Told(_("Enrol a listener: its messages confirm orders"), facts, grave=True)


def _end_listener(change: forms.EndListener, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    return Told(_("End a listener"), ((_("Name"), change.name),), grave=True)


def _sign_mandate(change: forms.SignMandate, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    facts = (
        (_("Purpose"), change.purpose),
        (_("Service"), change.service),
        (_("Patients at most"), str(change.allowed)),
        (_("Until"), _day(change.until, zone)),
    )
    return Told(_("Sign a mandate for bulk work"), facts, grave=True)


def _sign_migration(change: forms.SignMigration, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    scope = change.scope
    facts: list[Fact] = [
        (_("Purpose"), change.purpose),
        (_("Source"), change.source),
        (_("Processing terms (SHA-256)"), change.annex),
        (_("Days"), f"{scope.since:%d/%m/%Y} - {scope.until:%d/%m/%Y}"),
        (_("Sites"), ", ".join(scope.sites) or str(_("all"))),
        *((_("Table"), _table(table)) for table in scope.tables),
        (_("Service"), change.service),
        (_("Patients at most"), str(change.allowed)),
        (_("Until"), _day(change.until, zone)),
        (_("Sender's key"), change.sender or str(_("none: the source is read in place"))),
    ]
    return Told(_("Sign the mandate of a migration"), tuple(facts), grave=True)


def _sign_export(change: forms.SignExport, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    raw = change.receiver.encode()
    receiving = mandate.read(raw, mandate.key_of(raw))
    facts = (
        (_("Purpose"), change.purpose),
        (_("Receiver"), change.recipient),
        (_("Receiver's export key: compare it with what the receiver tells you"), mandate.key_of(raw).hex()),
        (_("Sealed to the key"), bundle.slot_id(bundle.slot(receiving.staging))),
        (_("Kinds"), history_words.portion(change.kinds)),
        (_("Who opened the patients"), TOLD_OF_STAFF[change.history]),
        (_("Days"), f"{change.first_on:%d/%m/%Y} - {change.last_on:%d/%m/%Y}"),
        (_("Sites"), ", ".join(change.sites)),
        (_("Most harmful class"), HARMS[change.harm]),
        (_("Service"), change.service),
        (_("Patients at most"), str(change.allowed)),
        (_("Until"), _day(change.until, zone)),
        (_("The receiver can open it until, at the latest"), _day(min(change.until, receiving.until), zone)),
    )
    return Told(_("Sign an export mandate: records leave the laboratory"), facts, grave=True)


def _table(table: Table) -> str:
    """One table in words: its columns, and which of its rows."""
    only = []
    if table.dated:
        only.append(gettext("only days in %(column)s that are within the days") % {"column": table.dated})
    if table.sited:
        only.append(gettext("only sites in %(column)s that are named") % {"column": table.sited})
    if table.follows:
        said = {"column": table.follows.column, "table": table.follows.table, "of": table.follows.of}
        only.append(gettext("only rows whose %(column)s is the %(of)s of a row of %(table)s that is read") % said)
    return "; ".join((f"{table.name}: {', '.join(table.columns)}", *(only or [gettext("all rows")])))


def _step_migration(change: forms.StepMigration, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    facts = (
        (_("Mandate"), names.get(change.mandate, change.mandate)),
        (_("Step"), STEPS[change.step]),
        (_("Evidence (SHA-256)"), change.evidence),
        (_("It rests on (SHA-256)"), change.rests),
    )
    return Told(_("The next step of a migration"), (*facts, *_cut(change.cut)), grave=True)


def _cut(cut: forms.CutOver | msgspec.UnsetType) -> tuple[Fact, ...]:
    if isinstance(cut, msgspec.UnsetType):
        return ()
    return (
        (_("Loses access with the cut-over"), _named(cut.ends) or _("nothing but the loader")),
        (_("Keeps access"), _named(cut.stays)),
        (_("Rehearsal of the way back (SHA-256)"), cut.back),
    )


def _named(some: Iterable[Credential]) -> str:
    return ", ".join(f"{CREDENTIALS[one.kind]} {one.name}" for one in some)


def _acknowledge_lost(change: forms.AcknowledgeLost, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    facts = tuple((_day(act.at, zone), lost(act)) for act in change.acts)
    return Told(_("Acknowledge work that was lost: it is done again as new acts"), facts, grave=True)


def lost(act: LostAct) -> str:
    """One lost act in a line: what, of which portion, by whom, about which pseudonym of the history."""
    what = f"{history_words.act(act.act)} ({history_words.portion(act.portion)})"
    return " · ".join(filter(None, (what, act.who, act.patient)))


def _end_mandate(change: forms.EndMandate, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    mandate = names.get(change.mandate, change.mandate)
    return Told(_("End a mandate before its time"), ((_("Mandate"), mandate),))


def _shred_patient(change: forms.ShredPatient, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    facts = ((_("Patient"), change.patient), (_("Reason"), ERASED_FOR[change.reason]))
    return Told(_("Erase everything about a patient, for good and in every backup"), facts, grave=True)


def _place_hold(change: forms.PlaceHold, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    facts = ((_("Patient"), change.patient), (_("Reason"), HELD_FOR[change.reason]))
    return Told(_("Place a legal hold: nobody erases this patient"), facts)


def _lift_hold(change: forms.LiftHold, names: Mapping[str, str], zone: ZoneInfo) -> Told:
    return Told(_("Lift a legal hold"), ((_("Patient"), change.patient),), grave=True)


def _person(reference: str, names: Mapping[str, str]) -> Fact:
    return _("Person"), names.get(reference, reference)


def _role(change: forms.GrantRole | forms.EndRole) -> tuple[Fact, Fact]:
    return (_("Role"), titles.of(change.role)), (_("Site"), change.site)


def _day(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M}"


# Each function takes the one form that stands beside it; a type of all of them together cannot be written down.
WORDS: dict[type, Callable[..., Told]] = {
    forms.EnrolPerson: _enrol,
    forms.RenewPerson: _renew,
    forms.EndPerson: _end_person,
    forms.ResetFactors: _reset,
    forms.GrantRole: _grant,
    forms.EndRole: _end_role,
    forms.EnrolDevice: _enrol_device,
    forms.EndDevice: _end_device,
    forms.EnrolService: _enrol_service,
    forms.EndService: _end_service,
    forms.EnrolListener: _enrol_listener,
    forms.EndListener: _end_listener,
    forms.ShredPatient: _shred_patient,
    forms.PlaceHold: _place_hold,
    forms.LiftHold: _lift_hold,
    forms.SignMandate: _sign_mandate,
    forms.EndMandate: _end_mandate,
    forms.SignMigration: _sign_migration,
    forms.SignExport: _sign_export,
    forms.StepMigration: _step_migration,
    forms.AcknowledgeLost: _acknowledge_lost,
}

"""What is typed to change who may do what, made into one of custody's forms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aliquot.custody import forms as changes
from aliquot.custody.answers import Accounts
from aliquot.custody.forms import Change
from aliquot.custody.roles import SERVICES, Role
from aliquot.terms.errors import Refused
from aliquot.web import change_words, inputs, titles
from aliquot.web.inputs import LONGEST, Day, Typed, Word

_PUBLIC_KEY = r"^[0-9a-fA-F]{64}\Z"
_SERVICES_IN_ORDER = (Role.LOADER, Role.EXPORTER, Role.WORKER)

Ends = Callable[[date], datetime]


class EnrolForm(forms.Form):
    """Somebody begins to work here."""

    name = Word(label=_("Name"), max_length=LONGEST)
    login = Word(
        label=_("Login"),
        max_length=LONGEST,
        help_text=_("It stays theirs for ever."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off"}),
    )
    until = Day(label=_("Works here until"))


class PersonForm(forms.Form):
    """Somebody who works here is meant, and nothing more is asked."""

    person = forms.CharField(widget=forms.HiddenInput)


class GrantForm(PersonForm):
    """Somebody may work in a role at a site."""

    role = forms.ChoiceField(
        label=_("Role"), choices=[(role, titles.TITLES[role]) for role in Role if role not in SERVICES]
    )
    site = forms.ChoiceField(label=_("Site"))
    until = Day(label=_("Until"), help_text=_("Empty: as long as the person stays."), required=False)


class EndRoleForm(PersonForm):
    """Somebody no longer works in a role."""

    held = forms.ChoiceField(label=_("Role"))


class RenewForm(PersonForm):
    """Somebody stays longer."""

    until = Day(label=_("Works here until"))


class DeviceForm(forms.Form):
    """An analyser or other system is expected."""

    name = Word(label=_("Name"), max_length=LONGEST, help_text=_("As the installation's file names its address."))
    site = forms.ChoiceField(label=_("Site"))


class EndDeviceForm(forms.Form):
    """A device is gone."""

    device = forms.ChoiceField(label=_("Name"))


class ServiceForm(forms.Form):
    """A process begins to work on its own account."""

    name = Word(label=_("Name"), max_length=LONGEST, help_text=_("The NAME that was typed at “enrol”."))
    role = forms.ChoiceField(
        label=_("Role"), choices=[("", "–"), *((role, titles.TITLES[role]) for role in _SERVICES_IN_ORDER)]
    )
    key = forms.RegexField(
        _PUBLIC_KEY,
        label=_("Public key"),
        strip=True,
        error_messages={"invalid": _("A public key has 64 characters: digits and the letters a to f (32 bytes).")},
        help_text=_("As “aliquot legacy enrol” or “aliquot export enrol” printed it."),
        widget=forms.TextInput(attrs={"class": "code", "autocapitalize": "none", "autocomplete": "off"}),
    )
    until = Day(label=_("Until"), help_text=_("At most one year from today."))


class EndServiceForm(forms.Form):
    """A service is over."""

    enrolled = forms.ChoiceField(
        label=_("Name"), help_text=_("One that serves every laboratory is ended where it was installed.")
    )


class EndMandateForm(forms.Form):
    """A mandate is over before its time."""

    mandate = forms.CharField(widget=forms.HiddenInput)


class PatientForm(forms.Form):
    """A patient is meant, whose history is open."""

    patient = forms.CharField(widget=forms.HiddenInput)


class ShredForm(PatientForm):
    """Everything about a patient is to be forgotten."""

    reason = forms.ChoiceField(label=_("Reason"), choices=[("", "–"), *change_words.ERASED_FOR.items()])


class HoldForm(PatientForm):
    """A patient's records may be needed."""

    reason = forms.ChoiceField(label=_("Reason"), choices=[("", "–"), *change_words.HELD_FOR.items()])


@dataclass(frozen=True)
class Kind:
    """One kind of change: what it is called, what is typed, and how it becomes custody's form."""

    title: str | Promise
    form: type[forms.Form]
    made: Callable[[Typed, Ends], Change]


def of(kind: str) -> Kind:
    """The kind of change that is asked for.

    Raises:
        Refused: there is none of this name.
    """
    if kind not in KINDS:
        raise Refused("change: open the page again")
    return KINDS[kind]


def form(kind: str, typed: Any, accounts: Accounts, sites: Sequence[str], **known: str) -> forms.Form:
    """The form of one kind, with the choices that custody gives. `typed` is what was posted, or nothing."""
    made = of(kind).form(typed, initial=known, prefix=None)
    for name, choices in _choices(accounts, sites, known.get("person", "") or (typed or {}).get("person", "")).items():
        inputs.offer(made, name, choices)
    return made


def change(kind: str, filled: forms.Form, zone: ZoneInfo) -> Change:
    """The change that a valid form asks for."""

    return of(kind).made(filled.cleaned_data, lambda day: inputs.end(day, zone))


def role(held: str) -> str:
    """`technician@nord` in words."""
    name, _at, site = held.partition("@")
    return f"{titles.of(name)} · {site}"


def _choices(accounts: Accounts, sites: Sequence[str], person: str) -> dict[str, list[tuple[str, str]]]:
    held = [each for one in accounts.accounts if one.person == person for each in one.roles]
    devices = [one.name for one in accounts.equipment if one.kind == "device"]
    services = [one for one in accounts.equipment if one.kind == "service"]
    return {
        "site": [(site, site) for site in sites],
        "held": [(each, role(each)) for each in held],
        "device": [(name, name) for name in devices],
        "service": [(one.name, one.name) for one in services if one.place == Role.LOADER],
        "enrolled": [(one.name, f"{one.name} · {titles.of(one.place)}") for one in services],
    }


def _granted(said: Typed, end: Ends) -> Change:
    until = end(said["until"]) if said["until"] else None
    return changes.GrantRole(said["person"], Role(said["role"]), said["site"], until)


def _ended(said: Typed) -> Change:
    name, _at, site = said["held"].partition("@")
    return changes.EndRole(said["person"], Role(name), site)


def _served(said: Typed, end: Ends) -> Change:
    return changes.EnrolService(said["name"], Role(said["role"]), bytes.fromhex(said["key"]), end(said["until"]))


def _mandated(said: Typed, end: Ends) -> Change:
    return changes.SignMandate(said["purpose"], said["service"], said["allowed"], end(said["until"]))


KINDS: dict[str, Kind] = {
    "enrol": Kind(
        _("Enrol a person"),
        EnrolForm,
        lambda said, end: changes.EnrolPerson(said["login"], said["name"], end(said["until"])),
    ),
    "grant": Kind(_("Grant a role"), GrantForm, _granted),
    "end-role": Kind(_("End a role"), EndRoleForm, lambda said, end: _ended(said)),
    "renew": Kind(
        _("Somebody stays longer"), RenewForm, lambda said, end: changes.RenewPerson(said["person"], end(said["until"]))
    ),
    "reset": Kind(_("Reset password and codes"), PersonForm, lambda said, end: changes.ResetFactors(said["person"])),
    "end": Kind(_("Somebody leaves"), PersonForm, lambda said, end: changes.EndPerson(said["person"])),
    "device": Kind(
        _("Enrol an analyser or other device"),
        DeviceForm,
        lambda said, end: changes.EnrolDevice(said["name"], said["site"]),
    ),
    "end-device": Kind(_("A device is gone"), EndDeviceForm, lambda said, end: changes.EndDevice(said["device"])),
    "service": Kind(_("Enrol a service that works on its own account"), ServiceForm, _served),
    "end-service": Kind(_("End a service"), EndServiceForm, lambda said, end: changes.EndService(said["enrolled"])),
    "mandate": Kind(_("Sign a mandate for bulk work"), inputs.Mandate, _mandated),
    "shred": Kind(
        _("Erase a patient"), ShredForm, lambda said, end: changes.ShredPatient(said["patient"], said["reason"])
    ),
    "hold": Kind(
        _("Place a legal hold"), HoldForm, lambda said, end: changes.PlaceHold(said["patient"], said["reason"])
    ),
    "lift": Kind(_("Lift a legal hold"), PatientForm, lambda said, end: changes.LiftHold(said["patient"])),
    "end-mandate": Kind(_("End a mandate"), EndMandateForm, lambda said, end: changes.EndMandate(said["mandate"])),
}

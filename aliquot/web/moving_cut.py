"""The cut-over at its desk: everything that may come in stands in a list, and what ends with it is ticked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from django.http import QueryDict

from aliquot.access import migrating
from aliquot.access.acts import ReadMigration, ReadStaff
from aliquot.access.grant import Grant
from aliquot.custody import forms
from aliquot.custody.answers import Account, Credential, Migration
from aliquot.custody.forms import CutOver
from aliquot.web import enrolled, moving_told, staff_forms
from aliquot.web.change_words import CREDENTIALS
from aliquot.web.visitor import Visitor

_FIELD = "ends"
People = Mapping[str, str]
"""Who a login is: the name, and the roles in words."""


@dataclass(frozen=True)
class Listed:
    """One credential in words, under the name by which the form knows it; `ends` says that it was ticked."""

    value: str
    words: str
    ends: bool


@dataclass(frozen=True)
class Cut:
    """What would end and what would stay.

    `shared` says that the loader works for others too, `choosing` that nobody has ticked anything yet.
    """

    form: CutOver
    listed: Sequence[Listed]
    loader: str
    shared: bool
    choosing: bool
    people: People

    @property
    def ends(self) -> list[str]:
        """What ends, in words."""
        return [_words(one, self.people) for one in self.form.ends]

    @property
    def stays(self) -> list[str]:
        """What stays, in words."""
        return [_words(one, self.people) for one in self.form.stays]


def chosen(visitor: Visitor, grant: Grant[ReadMigration], told: Migration, posted: QueryDict) -> Cut:
    """What was ticked, of what lives now. Nothing is ticked before a person has."""
    known = _people(visitor)
    found = migrating.cutting(grant, bytes.fromhex(told.id))
    ticked = set(posted.getlist(_FIELD))
    ends = [one for one in found.declared if _value(one) in ticked]
    return Cut(
        migrating.cut(found, ends),
        _listed(found.declared, ticked, known),
        _words(found.loader, known),
        found.shared,
        "chosen" not in posted,
        known,
    )


def declared(visitor: Visitor, told: Migration, form: forms.StepMigration) -> Cut | None:
    """What the first person declared; nothing for another step."""
    if isinstance(form.cut, msgspec.UnsetType):
        return None
    known, loader = _people(visitor), Credential("service", moving_told.signed(told).service)
    # One that ends by itself is not declared.
    shared = loader in (*form.cut.ends, *form.cut.stays)
    return Cut(form.cut, (), _words(loader, known), shared, choosing=False, people=known)


def _people(visitor: Visitor) -> People:
    """Who the logins of the laboratory are, for those who may see its people: both who cut over may."""
    if ReadStaff.__name__ not in visitor.session.acts:
        return {}
    return {one.login: _person(one) for one in enrolled.told(visitor).accounts}


def _listed(living: Iterable[Credential], ticked: set[str], known: People) -> list[Listed]:
    return [Listed(_value(one), _words(one, known), _value(one) in ticked) for one in living]


def _value(one: Credential) -> str:
    return f"{one.kind}:{one.name}"


def _words(one: Credential, known: People) -> str:
    who = known.get(one.name, "") if one.kind == "person" else ""
    return f"{CREDENTIALS[one.kind]} {one.name} ({who})" if who else f"{CREDENTIALS[one.kind]} {one.name}"


def _person(one: Account) -> str:
    return ": ".join(filter(None, (one.name, ", ".join(staff_forms.role(role) for role in one.roles))))

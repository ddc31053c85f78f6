"""The cut-over at its desk: everything that may come in stands in a list, and what ends with it is ticked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from django.http import QueryDict

from aliquot.access import migrating
from aliquot.access.acts import ReadMigration
from aliquot.access.grant import Grant
from aliquot.custody import forms
from aliquot.custody.answers import Credential, Migration
from aliquot.custody.forms import CutOver
from aliquot.web.change_words import CREDENTIALS

_FIELD = "ends"


@dataclass(frozen=True)
class Listed:
    """One credential in words, under the name by which the form knows it; `ends` says that it was ticked."""

    value: str
    words: str
    ends: bool


@dataclass(frozen=True)
class Cut:
    """What would end and what would stay. `choosing` says that nobody has ticked anything yet."""

    form: CutOver
    listed: Sequence[Listed]
    loader: str
    choosing: bool

    @property
    def ends(self) -> list[str]:
        """What ends, in words."""
        return [_words(one) for one in self.form.ends]

    @property
    def stays(self) -> list[str]:
        """What stays, in words."""
        return [_words(one) for one in self.form.stays]


def chosen(grant: Grant[ReadMigration], told: Migration, posted: QueryDict) -> Cut:
    """What was ticked, of what lives now. Nothing is ticked before a person has."""
    found = migrating.cutting(grant, bytes.fromhex(told.id))
    ticked = set(posted.getlist(_FIELD))
    ends = [one for one in found.living if _value(one) in ticked and one != found.loader]
    return Cut(
        migrating.cut(found, ends),
        _listed((one for one in found.living if one != found.loader), ticked),
        _words(found.loader),
        "chosen" not in posted,
    )


def declared(form: forms.StepMigration) -> Cut | None:
    """What the first person declared; nothing for another step."""
    if isinstance(form.cut, msgspec.UnsetType):
        return None
    return Cut(form.cut, (), "", choosing=False)


def _listed(living: Iterable[Credential], ticked: set[str]) -> list[Listed]:
    return [Listed(_value(one), _words(one), _value(one) in ticked) for one in living]


def _value(one: Credential) -> str:
    return f"{one.kind}:{one.name}"


def _words(one: Credential) -> str:
    return f"{CREDENTIALS[one.kind]} {one.name}"

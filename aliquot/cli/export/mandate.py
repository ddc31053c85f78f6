"""What an export mandate is written in before it is signed: one file of TOML, and the receiver's signed mandate."""

from datetime import date, datetime
from pathlib import Path
from typing import Literal

import msgspec

from aliquot.custody import exports, forms
from aliquot.custody.portions import PORTIONS
from aliquot.terms import handwriting
from aliquot.terms.errors import Refused

DEFAULT = tuple(sorted(kind.name.lower() for kind in PORTIONS["ExportDossier"].reads - exports.FREE_TEXT))
"""The kinds that leave where the file names none: everything but free text."""


class _Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    purpose: str
    recipient: str
    first_on: date
    last_on: date
    sites: tuple[str, ...]
    service: str
    allowed: int
    until: datetime
    kinds: tuple[str, ...] = DEFAULT
    harm: Literal["normal", "sensitive", "restricted"] = "restricted"
    history: bool = False


def read(file: Path, receiver: Path) -> forms.SignExport:
    """The form that two people sign.

    Raises:
        Refused: a file cannot be read, or says what it may not; the message names the key.
    """
    try:
        draft = handwriting.read(file.read_text("utf-8"), _Draft, file.name)
        signed = receiver.read_text("utf-8").strip()
        fields = {name: getattr(draft, name) for name in draft.__struct_fields__}
        said = {**msgspec.to_builtins(fields), "receiver": signed, "change": "SignExport"}
        return _checked(msgspec.convert(said, forms.SignExport), file.name)
    except (OSError, UnicodeDecodeError):
        raise Refused(f"{file.name} or {receiver.name}: it cannot be read") from None
    except msgspec.ValidationError as error:
        raise Refused(f"{file.name}: {error}") from None


def _checked(form: forms.SignExport, name: str) -> forms.SignExport:
    """What custody would refuse of the form alone, before anybody spends a code on it."""
    if form.first_on > form.last_on:
        raise Refused(f"{name}: last_on lies before first_on")
    exports.kinds(form)
    exports.receiver(form)
    return form

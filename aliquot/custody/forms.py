"""What administration may change: one form for each change. A person's fresh factor covers its canonical JSON."""

import hashlib
import re
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from aliquot.custody.answers import Credential, LostAct
from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role
from aliquot.custody.steps import Step
from aliquot.terms import canonical, plain
from aliquot.terms.mandates import Scope

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=rf"(?={plain.WORDS})^\S(.*\S)?\Z")]
"""A name or a login, as typed, without spaces around it, and without anything that its reader is not shown."""
Reference = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
"""An id in hexadecimal."""
Until = Annotated[datetime, msgspec.Meta(tz=True)]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""A SHA-256 in hexadecimal."""
DigestOrNothing = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")]
Patients = Annotated[int, msgspec.Meta(gt=0, le=100_000_000)]
PublicKey = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class _Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True, tag_field="change"):
    pass


class EnrolPerson(_Form, frozen=True):
    """Somebody begins to work here; answered with an invitation."""

    login: Word
    name: Word
    until: Until


class RenewPerson(_Form, frozen=True):
    """Somebody stays longer."""

    person: Reference
    until: Until


class EndPerson(_Form, frozen=True):
    """Somebody has left: sessions, factors and roles end at once."""

    person: Reference


class ResetFactors(_Form, frozen=True):
    """Somebody has lost a factor or was long away; answered with an invitation, and everything before is worthless."""

    person: Reference


class GrantRole(_Form, frozen=True):
    """Somebody may work in a role at a site."""

    person: Reference
    role: Role
    site: Word
    until: Until | None = None


class EndRole(_Form, frozen=True):
    """Somebody no longer works in a role at a site."""

    person: Reference
    role: Role
    site: Word


class EnrolDevice(_Form, frozen=True):
    """An analyser or other system whose letters are expected, and where it stands."""

    name: Word
    site: Word


class EndDevice(_Form, frozen=True):
    """A device is gone: its letters are no longer filed."""

    name: Word


class EnrolService(_Form, frozen=True):
    """A process that works for this organization on its own account, with the key that it holds."""

    name: Word
    role: Role
    public_key: PublicKey
    until: Until


class EndService(_Form, frozen=True):
    """A service is over: its sessions end at once."""

    name: Word


class EnrolListener(_Form, frozen=True):
    """A process that hears machines for this organization and signs their letters."""

    name: Word
    public_key: PublicKey


class EndListener(_Form, frozen=True):
    """A listener is over: letters that it signs from now on are refused."""

    name: Word


class SignMandate(_Form, frozen=True):
    """Leave for bulk work of one service: a purpose, a number of patients, an end."""

    purpose: Word
    service: Word
    allowed: Patients
    until: Until


class SignMigration(_Form, frozen=True):
    """A laboratory is to be moved: what may be read of which source, under which processing terms, until when.

    `annex` is SHA-256 of the processing terms (GDPR 28). `sender` is `vault.bundle.fingerprint` of the only keys that
    may sign a bundle, or empty when the source is read in place.
    """

    purpose: Word
    source: Word
    annex: Digest
    scope: Scope
    service: Word
    allowed: Patients
    until: Until
    sender: DigestOrNothing = ""


class CutOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is declared at the cut-over: what ends as the old system's, and all that may still come in afterwards.

    The loader of the migration ends without being named. `back` is the digest of the way back as it was rehearsed.
    """

    ends: Annotated[tuple[Credential, ...], msgspec.Meta(max_length=10_000)]
    stays: Annotated[tuple[Credential, ...], msgspec.Meta(max_length=10_000)]
    back: Digest


class SignExport(_Form, frozen=True):
    """Records are to leave: which kinds, filed when and where, how harmful at most, of how many patients, to whom.

    `receiver` is the signed mandate of the receiving side (`aqm1`), with the key that the bundle is sealed to; its
    `sender` is this laboratory's own key. `first_on` and `last_on` are days on which requisitions were filed here.
    `history` says whether the receiver is told who opened the patients in those days.
    """

    purpose: Word
    recipient: Word
    receiver: Annotated[str, msgspec.Meta(max_length=256 * 1024)]
    kinds: Annotated[tuple[Word, ...], msgspec.Meta(min_length=1, max_length=32)]
    first_on: date
    last_on: date
    sites: Annotated[tuple[Word, ...], msgspec.Meta(min_length=1, max_length=200)]
    harm: Literal["normal", "sensitive", "restricted"]
    service: Word
    allowed: Patients
    until: Until
    history: bool = False


class StepMigration(_Form, frozen=True):
    """The next step of a migration; `evidence` and `rests` are what it brings and rests on (`custody.steps`).

    `cut` comes with the cut-over and with no other step.
    """

    mandate: Reference
    step: Step
    evidence: DigestOrNothing = ""
    rests: DigestOrNothing = ""
    cut: CutOver | msgspec.UnsetType = msgspec.UNSET


class EndMandate(_Form, frozen=True):
    """A mandate is over before its time."""

    mandate: Reference


class AcknowledgeLost(_Form, frozen=True):
    """Officers have seen which work was lost, and have it done again: the whole list, as custody tells it."""

    acts: Annotated[tuple[LostAct, ...], msgspec.Meta(min_length=1, max_length=100)]


class ShredPatient(_Form, frozen=True):
    """Everything that is kept of a patient is to be forgotten, for good and in every backup."""

    patient: Reference
    reason: Literal["request", "retention", "court", "mistake"]


class PlaceHold(_Form, frozen=True):
    """A patient's records may be needed by a court or an authority: nobody shreds them until the hold is lifted."""

    patient: Reference
    reason: Literal["litigation", "authority", "complaint"]


class LiftHold(_Form, frozen=True):
    """A legal hold is over."""

    patient: Reference


class Approve(_Form, frozen=True):
    """A second person wants what a first has asked for. `digest` is the form's, so that nobody approves unseen."""

    id: Reference
    digest: Digest


class Reject(_Form, frozen=True):
    """What waits is not wanted, or no longer."""

    id: Reference


Change = (
    EnrolPerson
    | RenewPerson
    | EndPerson
    | ResetFactors
    | GrantRole
    | EndRole
    | EnrolDevice
    | EndDevice
    | EnrolService
    | EndService
    | EnrolListener
    | EndListener
    | SignMandate
    | EndMandate
    | SignMigration
    | StepMigration
    | SignExport
    | AcknowledgeLost
    | ShredPatient
    | PlaceHold
    | LiftHold
)
"""What may be proposed."""
Erasing = ShredPatient | PlaceHold | LiftHold
"""What concerns a patient's records as a whole."""
Form = Change | Approve | Reject
"""What may be sent."""

_FORM: msgspec.json.Decoder[Form] = msgspec.json.Decoder(Form)
_CHANGE: msgspec.json.Decoder[Change] = msgspec.json.Decoder(Change)


def read(name: str, form: bytes) -> Form:
    """The form that was sent, if its bytes are canonical and of the change that was named.

    Raises:
        Denial: `form`; the reason names the field and never what it says.
    """
    try:
        read_form = _FORM.decode(form)
    except msgspec.ValidationError as error:
        raise Denial("form", f"this form is not right at {_place(error)}") from None
    except canonical.UNREADABLE:
        raise Denial("form", "this form is not JSON") from None
    if type(read_form).__name__ != name or canonical.encode(read_form) != form:
        raise Denial("form", "this form is of another change, or not canonical")
    return read_form


def change(kept: bytes) -> Change:
    """A change as it was kept."""
    return _CHANGE.decode(kept)


def digest(form: Form) -> bytes:
    """SHA-256 over the canonical form: what `Act.digest` and `Approve.digest` carry."""
    return hashlib.sha256(canonical.encode(form)).digest()


def _place(error: msgspec.ValidationError) -> str:
    path = re.search(r"`(\$[^`]*)`\Z", str(error))
    return path[1] if path else "its head"

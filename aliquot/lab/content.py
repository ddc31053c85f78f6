"""What the laboratory's sealed records say, schema 1. Identity's own structs are in `terms.identity`.

A stored schema never changes: a new shape gets a new number, its own decoder and its own vectors.
"""

from datetime import date, datetime

import msgspec

from aliquot.terms.identity import Demography, Sex
from aliquot.terms.quantities import Value


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The reference range as it was applied, copied into the result. Bounds are inclusive, decimals as text."""

    low: str
    high: str
    text: str


class Requisition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What came in together: one number, one prescriber. `sex` and `age` (`34 y`, `12 d`) are for benches."""

    number: str
    prescriber: str
    prescriber_id: str
    ordered_at: datetime
    catalogue_version: int
    sex: Sex
    age: str
    priority: str


class OrderItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One test asked for, alone or as part of a panel."""

    test: str
    panel: str
    priority: str
    reason: str = ""


class Specimen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One tube: its barcode, what it is, when it was taken and came in, why it was rejected (HL7 table 0490)."""

    accession: str
    specimen_type: str
    tube: str
    tests: tuple[str, ...]
    collected_at: datetime | None = None
    received_at: datetime | None = None
    reason: str = ""


class Hold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Why a result may not be validated yet. `detail` names a rule and never a value."""

    hold: str
    detail: str
    overridden_by: str = ""
    override_reason: str = ""


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Who signed, when, as what; the evidence is the log leaf of the act named here."""

    person: str
    name: str
    role: str
    meaning: str
    at: datetime
    act: str


class Observation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One version of one result, with everything that was applied to it.

    `rules` names the version of the rules that looked at it; empty is not yet looked at, and nobody validates that.
    `typed_by` is who typed the value by hand; where `double_read`, somebody else must validate it technically.
    """

    test: str
    loinc: str
    name: str
    value: Value
    reference: Reference | None
    flag: str
    holds: tuple[Hold, ...]
    method: str
    device: str
    instrument_flags: tuple[str, ...]
    collected_at: datetime | None
    measured_at: datetime | None
    run: str
    rules: str
    specimen_type: str
    comment: str = ""
    reason: str = ""
    signatures: tuple[Signature, ...] = ()
    typed_by: str = ""
    double_read: bool = False


class ReportResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One line of a report: the observation version it shows, and what that said."""

    observation: str
    version: int
    state: str
    section: str
    accession: str
    content: Observation


class ReportPatient(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The identity that a report was issued with; it stays, whatever happens to the patient's record later."""

    patient: str
    demography: Demography
    birth_family: str
    file_number: str
    national_number: str = ""


class ReportChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What a new version says differently about one result, in words that a reader of version 1 needs."""

    test: str
    name: str
    before: str
    after: str
    reason: str


class Laboratory(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Who issues the report."""

    name: str
    lines: tuple[str, ...]
    phone: str
    director: str
    accreditation: str
    time_zone: str
    language: str


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One version of a report: exactly what was signed and what a reader will see.

    `history` is the checkpoint of the log (size, root in hexadecimal) that was current when it was issued, so that a
    log that is cut back later shows on paper. `replaces` is 0 for a first version.
    """

    report: str
    version: int
    status: str
    replaces: int
    laboratory: Laboratory
    patient: ReportPatient
    requisition: Requisition
    specimens: tuple[Specimen, ...]
    results: tuple[ReportResult, ...]
    pending: tuple[str, ...]
    changes: tuple[ReportChange, ...]
    comment: str
    signatures: tuple[Signature, ...]
    issued_at: datetime
    history_size: int
    history_root: str
    sex: Sex
    collected_on: date | None


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A report version as it was rendered: what people read, and what machines read. Bytes are base64."""

    report: str
    version: int
    pdf: bytes
    fhir: bytes


class Disclosure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One copy that left: of which report version, in which form, to whom, on which way, by whose hand."""

    report: str
    version: int
    form: str
    recipient: str
    channel: str
    person: str
    name: str
    at: datetime


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A machine's message, byte for byte, under the patient whose tube it is about."""

    device: str
    raw: bytes


class Original(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an old system said about one result, word for word; what it left out is empty."""

    test: str = ""
    test_name: str = ""
    value: str = ""
    unit: str = ""
    low: str = ""
    high: str = ""
    range: str = ""
    flag: str = ""
    status: str = ""
    validated_by: str = ""
    validated_at: str = ""
    comment: str = ""


class Import(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the results of a requisition came from: the mandate, the old numbers, and the old words of each result.

    `originals` are in the order of `observations`, which are ids in hexadecimal.
    """

    mandate: str
    patient: str
    dossier: str
    observations: tuple[str, ...]
    originals: tuple[Original, ...]
